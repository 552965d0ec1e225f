namespace Ixy.Hosting.Pci;

/// <summary>
/// The PCI Express capability, version 2, of an endpoint with eight lanes at 5 GT/s (PCI Express Base 2.0, 7.8;
/// 82599 datasheet 9.3.10), with function-level reset.
/// </summary>
public sealed class PciExpressCapability
{
    private const byte Id = 0x10;
    private const uint Payload512 = 2, L0sBelow512ns = 3 << 6, L1Below64us = 6 << 9, RoleBasedErrors = 1 << 15,
        ResetCapable = 1 << 28;
    private const uint ErrorReporting = 0xF, RelaxedOrdering = 1 << 4, PayloadSize = 7 << 5, NoSnoop = 1 << 11,
        ReadRequestSize = 7 << 12, ReadRequest512 = 2 << 12, InitiateReset = 1 << 15;
    private const uint Speed5GTs = 2, EightLanes = 8 << 4, L0sSupported = 1 << 10, L0sExit1us = 4 << 12,
        L1Exit8us = 3 << 15;
    private const uint Aspm = 3, ReadBoundary = 1 << 3, CommonClock = 1 << 6, ExtendedSync = 1 << 7,
        SlotClock = 1 << 12;
    private const uint AllTimeoutRanges = 0xF, TimeoutDisable = 1 << 4;

    private readonly ConfigurationSpace _config;
    private readonly int _deviceControl;

    /// <summary>Adds the capability, which takes 60 bytes.</summary>
    /// <param name="config">The configuration space to add it to.</param>
    /// <param name="offset">Its first byte.</param>
    public PciExpressCapability(ConfigurationSpace config, int offset)
    {
        (_config, _deviceControl) = (config, offset + 0x08);
        uint link = Aspm | ReadBoundary | CommonClock | ExtendedSync;
        config.AddCapability(Id, offset);
        config.Define(offset + 0x02, 2, 2); // Version 2, endpoint.
        config.Define(offset + 0x04, 4, Payload512 | L0sBelow512ns | L1Below64us | RoleBasedErrors | ResetCapable);
        // A function-level reset leaves the payload size alone (PCI Express 6.6.2).
        config.Define(_deviceControl, 2, RelaxedOrdering | NoSnoop | ReadRequest512,
            writable: ErrorReporting | RelaxedOrdering | PayloadSize | NoSnoop | ReadRequestSize | InitiateReset,
            sticky: PayloadSize);
        config.Define(offset + 0x0A, 2, 0, clearedByOne: 0xF);
        config.Define(offset + 0x0C, 4, Speed5GTs | EightLanes | L0sSupported | L0sExit1us | L1Exit8us);
        config.Define(offset + 0x10, 2, 0, writable: link, sticky: link);
        config.Define(offset + 0x12, 2, Speed5GTs | EightLanes | SlotClock);
        config.Define(offset + 0x24, 4, AllTimeoutRanges | TimeoutDisable);
        config.Define(offset + 0x28, 2, 0, writable: AllTimeoutRanges | TimeoutDisable);
        config.Define(offset + 0x30, 2, Speed5GTs, writable: 0x1FFF, sticky: 0x1FFF);
        config.OnWrite(_deviceControl, 2, ResetIfAsked);
    }

    /// <summary>Software requested a function-level reset.</summary>
    public Action? FunctionReset { get; set; }

    private void ResetIfAsked()
    {
        if (!_config.IsSet(_deviceControl, 2, InitiateReset)) return;
        // The bit always reads as 0.
        _config.SetBits(_deviceControl, 2, InitiateReset, false);
        FunctionReset?.Invoke();
    }
}
