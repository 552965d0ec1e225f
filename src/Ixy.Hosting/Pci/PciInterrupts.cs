namespace Ixy.Hosting.Pci;

/// <summary>How a function can interrupt.</summary>
public enum InterruptMode
{
    /// <summary>The INTx line.</summary>
    Line,

    /// <summary>One message.</summary>
    Msi,

    /// <summary>One message per vector.</summary>
    Msix,
}

/// <summary>
/// A function's way to the host's interrupt controller: MSI-X if software enabled it, else MSI, else the INTx line.
/// A message is a memory write, so it needs bus mastering (PCI 3.0, 6.8).
/// </summary>
public sealed class PciInterrupts
{
    private readonly PciFunctionModel _model;
    private readonly PciHeader _header;
    private bool _raised, _line;

    /// <summary>Connects the parts of the function that deal with interrupts.</summary>
    /// <param name="model">The function.</param>
    /// <param name="config">Its configuration space.</param>
    /// <param name="header">Its header.</param>
    /// <param name="msi">Its MSI capability; null if it has none.</param>
    /// <param name="msix">Its MSI-X capability.</param>
    public PciInterrupts(
        PciFunctionModel model, ConfigurationSpace config, PciHeader header, MsiCapability? msi, MsixCapability msix)
    {
        (_model, _header, Msi, Msix) = (model, header, msi, msix);
        msix.Changed = Refresh;
        if (msi is not null) msi.Changed = Refresh;
        config.OnWrite(PciHeader.Command, 2, Refresh);
    }

    /// <summary>Null if the function has none.</summary>
    public MsiCapability? Msi { get; }

    /// <summary>Its vectors.</summary>
    public MsixCapability Msix { get; }

    /// <summary>Software enabled, disabled, masked or unmasked something: pending interrupts may be sent now.</summary>
    public Action? Changed { get; set; }

    /// <summary>
    /// Called for each message: if it returns true, the message is lost on its way, although the function believes it
    /// was sent. For models of faults.
    /// </summary>
    public Func<bool>? Loses { get; set; }

    /// <summary>The kind of interrupt in use at the moment.</summary>
    public InterruptMode Mode =>
        Msix.IsEnabled ? InterruptMode.Msix : Msi is { IsEnabled: true } ? InterruptMode.Msi : InterruptMode.Line;

    /// <summary>
    /// Sends a vector's message (MSI has only vector 0). False if it is masked: then its pending bit is set, and the
    /// caller tries again on <see cref="Changed"/>. Also false if the function may not write to memory.
    /// </summary>
    public bool TrySend(int vector)
    {
        bool isMsix = Mode == InterruptMode.Msix;
        bool masked = isMsix ? Msix.IsMasked(vector) : Msi is { IsMasked: true };
        SetPending(isMsix, vector, masked);
        if (masked || !_model.Dma.BusMaster) return false;
        _model.Dma.Push();
        if (Loses?.Invoke() != true) _model.InterruptTarget?.Message(isMsix ? vector : 0);
        return true;
    }

    /// <summary>The reason for a pending message has gone away.</summary>
    public void Withdraw(int vector)
    {
        // Whichever of the two was in use when the message became pending.
        SetPending(isMsix: true, vector, false);
        SetPending(isMsix: false, vector, false);
    }

    /// <summary>Asserts or deasserts INTx, as far as the command register lets it through.</summary>
    public void SetLine(bool raised)
    {
        _raised = raised && Mode == InterruptMode.Line;
        _header.IsInterruptPending = _raised;
        bool line = _raised && !_header.IsInterruptDisabled;
        if (line == _line) return;
        _line = line;
        _model.Dma.Push();
        _model.InterruptTarget?.Line(line);
    }

    private void SetPending(bool isMsix, int vector, bool pending)
    {
        if (isMsix) Msix.SetPending(vector, pending);
        else if (Msi is not null) Msi.IsPending = pending;
    }

    private void Refresh()
    {
        if (Msi is { IsEnabled: true } && Msix.IsEnabled)
            _model.Violations.Add("msi-and-msix", "MSI-X message control", 0x8000, "9.3.8.1; PCI 3.0, 6.8.2",
                "MSI and MSI-X are both enabled; only one of them may be");
        SetLine(_raised);
        Changed?.Invoke();
    }
}
