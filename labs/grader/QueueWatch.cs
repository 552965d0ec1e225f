namespace Ixy.Labs.Grader;

/// <summary>Whether a driver waits until a queue is on before it moves the tail.</summary>
/// <param name="control">The register with ENABLE.</param>
/// <param name="tail">The register of the tail.</param>
/// <param name="isReceive">The two are of a receive queue.</param>
internal sealed class QueueWatch(uint control, uint tail, bool isReceive)
{
    private const uint Enable = 1u << 25;

    private bool _isSwitchedOn, _isSeenOn;
    private int _earlyLine;

    /// <summary>The driver has read a register.</summary>
    internal void Read(uint register, uint value) => _isSeenOn |= register == control && (value & Enable) != 0;

    /// <summary>The driver has written a register. A tail of 0 is where it is after a reset.</summary>
    internal void Written(uint register, uint value, int line)
    {
        // Transmit queue 0 reads as on with DMATXCTL.TE already: what counts is a look after its own switch.
        if (register == control && (value & Enable) != 0 && !_isSwitchedOn)
            (_isSwitchedOn, _isSeenOn) = (true, false);
        if (register == tail && value != 0 && !_isSeenOn && _earlyLine == 0) _earlyLine = line;
    }

    /// <summary>Fails if it does not wait, for the card need not be so fast each time.</summary>
    internal void Check(Trial trial)
    {
        if (_earlyLine == 0) return;
        var (tailName, controlName, section) = isReceive ? ("RDT", "RXDCTL", "4.6.7.1") : ("TDT", "TXDCTL", "4.6.8");
        throw trial.Failed(
            $"{tailName} was written before {controlName} bit 25, ENABLE, was read as 1: the queue may take a while until it is "
            + "on. Wait for it.", _earlyLine, $"82599 {section}");
    }

    /// <summary>What the card does not say of a tail that it refuses; null if it says all.</summary>
    internal string? Explain(LabDevice card, string rule) =>
        rule != "tail-while-disabled" || card.LineOfWrite(control) is not null ? null
        : $"{(isReceive ? "RXDCTL" : "TXDCTL")} was never written: its bit 25, ENABLE, switches the queue on";
}
