namespace Ixy.Hosting;

/// <summary>A datasheet rule that the driver broke and the device model detected.</summary>
/// <param name="Rule">Which rule, e.g. <c>tail-while-disabled</c>: a short, stable name.</param>
/// <param name="Register">The register or structure, with its index: <c>RDT[0]</c>, <c>transmit descriptor 12 of queue
/// 0</c>.</param>
/// <param name="Value">The offending value.</param>
/// <param name="Section">Datasheet section that states the rule.</param>
/// <param name="Explanation">One sentence: what happened, and what the rule requires.</param>
public sealed record RuleViolation(string Rule, string Register, ulong Value, string Section, string Explanation)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => $"{Rule}: {Register} = 0x{Value:x}: {Explanation} (section {Section})";
}

/// <summary>
/// The violations a device has detected: the first <see cref="Limit"/> in full, and a count of all. Thread-safe.
/// </summary>
public sealed class RuleViolations
{
    /// <summary>
    /// How many are kept in full, so that a driver that breaks a rule with every packet does not fill memory.
    /// </summary>
    public const int Limit = 100;

    private readonly Lock _lock = new();
    private readonly List<RuleViolation> _kept = [];

    /// <summary>Receives each violation; see <see cref="PciFunctionModel.Observer"/>.</summary>
    internal FunctionObserver? Observer { get; set; }

    /// <summary>How many there were in total.</summary>
    public long Count { get; private set; }

    /// <summary>The violations kept, oldest first.</summary>
    public IReadOnlyList<RuleViolation> All
    {
        get
        {
            lock (_lock) return [.. _kept];
        }
    }

    /// <summary>Reports a violation; the parameters are those of <see cref="RuleViolation"/>.</summary>
    public void Add(string rule, string register, ulong value, string section, string explanation)
    {
        lock (_lock)
        {
            Count++;
            if (_kept.Count < Limit) _kept.Add(new(rule, register, value, section, explanation));
        }
        Observer?.RuleBroken(new(rule, register, value, section, explanation));
    }
}
