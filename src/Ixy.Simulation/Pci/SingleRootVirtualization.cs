namespace Ixy.Simulation.Pci;

/// <summary>
/// The single-root I/O virtualization capability (82599 datasheet 9.4.4). Software sees what a card offers, but virtual
/// functions are not modelled: enabling them is reported and does not take.
/// </summary>
internal sealed class SingleRootVirtualization
{
    private const ushort Id = 0x10;
    private const uint VfEnable = 1, AriHierarchy = 1 << 4, WideMemory = 4, SupportedPages = 0x553, VfBarLength = 0x4000;

    private readonly ConfigurationSpace _config;
    private readonly RuleViolations _violations;
    private readonly int _control;

    /// <param name="config">Where it lies.</param>
    /// <param name="violations">Where an attempt to enable virtual functions is reported.</param>
    /// <param name="offset">Its first byte.</param>
    /// <param name="virtualFunctions">How many the card has.</param>
    /// <param name="deviceId">The PCI device id of each.</param>
    internal SingleRootVirtualization(
        ConfigurationSpace config, RuleViolations violations, int offset, ushort virtualFunctions, ushort deviceId)
    {
        (_config, _violations, _control) = (config, violations, offset + 0x08);
        config.AddExtendedCapability(Id, 1, offset);
        config.Define(offset + 0x04, 4, 0);
        config.Define(_control, 2, 0, writable: VfEnable | AriHierarchy);
        config.Define(offset + 0x0C, 2, virtualFunctions); // Initial
        config.Define(offset + 0x0E, 2, virtualFunctions); // Total
        config.Define(offset + 0x10, 2, 0, writable: 0xFF);
        config.Define(offset + 0x14, 2, 0x80); // From the function's routing id to that of the first virtual function
        config.Define(offset + 0x16, 2, 2); // From one to the next
        config.Define(offset + 0x1A, 2, deviceId);
        config.Define(offset + 0x1C, 4, SupportedPages);
        config.Define(offset + 0x20, 4, 1, writable: SupportedPages);
        AddBar(offset + 0x24); // Registers
        AddBar(offset + 0x30); // MSI-X
        config.OnWrite(_control, 2, RefuseVirtualFunctions);
    }

    private void AddBar(int offset)
    {
        _config.Define(offset, 4, WideMemory, writable: ~(VfBarLength - 1));
        _config.Define(offset + 4, 4, 0, writable: uint.MaxValue);
    }

    private void RefuseVirtualFunctions()
    {
        uint control = _config.Get(_control, 2);
        if ((control & VfEnable) == 0) return;
        _config.Set(_control, 2, control & ~VfEnable);
        _violations.Add("virtual-functions", "SR-IOV control", control, "9.4.4.3",
            "virtual functions were enabled; this model offers them but does not have them");
    }
}
