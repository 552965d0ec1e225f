namespace Ixy.Hosting.Pci;

/// <summary>
/// Extended capabilities without behaviour of their own (PCI Express Base 2.0, 7.10 onwards; 82599 datasheet 9.4).
/// </summary>
public static class ExtendedCapabilities
{
    private const ushort AdvancedErrorReporting = 0x01, SerialNumber = 0x03, AlternativeRoutingId = 0x0E;

    // Data link, poisoned, flow control, completion timeout and abort, unexpected completion, overflow, malformed,
    // ECRC, unsupported request.
    private const uint UncorrectableErrors = 1 << 4 | 0x1FF << 12, FatalErrors = 1 << 4 | 1 << 13 | 1 << 17 | 1 << 18;

    // Receiver, bad TLP, bad DLLP, replay rollover, replay timeout, advisory.
    private const uint CorrectableErrors = 1 | 7 << 6 | 3 << 12, Advisory = 1 << 13;

    /// <summary>
    /// Advanced error reporting (9.4.1): no link errors happen here, but software can set masks and severities.
    /// </summary>
    public static void AddErrorReporting(ConfigurationSpace config, int offset)
    {
        config.AddExtendedCapability(AdvancedErrorReporting, 1, offset);
        config.Define(offset + 0x04, 4, 0, clearedByOne: UncorrectableErrors, sticky: UncorrectableErrors);
        config.Define(offset + 0x08, 4, 0, writable: UncorrectableErrors, sticky: UncorrectableErrors);
        config.Define(offset + 0x0C, 4, FatalErrors, writable: UncorrectableErrors, sticky: UncorrectableErrors);
        config.Define(offset + 0x10, 4, 0, clearedByOne: CorrectableErrors, sticky: CorrectableErrors);
        config.Define(offset + 0x14, 4, Advisory, writable: CorrectableErrors, sticky: CorrectableErrors);
        config.Define(offset + 0x18, 4, 0);
    }

    /// <summary>The device serial number (9.4.2): the MAC address with FF-FF in its middle (EUI-64).</summary>
    public static void AddSerialNumber(ConfigurationSpace config, int offset, ulong macAddress)
    {
        ulong serial = macAddress >> 24 << 40 | 0xFFFFul << 24 | macAddress & 0xFFFFFF;
        config.AddExtendedCapability(SerialNumber, 1, offset);
        config.Define(offset + 4, 4, (uint)serial);
        config.Define(offset + 8, 4, (uint)(serial >> 32));
    }

    /// <summary>Alternative routing id interpretation (9.4.3): there is no next function.</summary>
    public static void AddAlternativeRoutingId(ConfigurationSpace config, int offset)
    {
        config.AddExtendedCapability(AlternativeRoutingId, 1, offset);
        config.Define(offset + 4, 4, 0);
    }
}
