namespace Ixy.Ixgbe;

/// <summary>The PCI device ids of vendor 8086 that the driver knows, and how their ports reach the medium.</summary>
internal static partial class IxgbeModels
{
    /// <summary>An SFP+ or QSFP+ cage: the driver chooses 10 Gbit/s serial.</summary>
    // 82599: SFP, SFP EM, SFP FCoE, SFP SF quad port, SFP SF2, EN SFP, QSFP SF quad port
    internal static bool HasCage(ushort deviceId) =>
        deviceId is 0x10FB or 0x1507 or 0x1529 or 0x154A or 0x154D or 0x1557 or 0x1558;

    /// <summary>
    /// Software-definable pins control the module's laser and rate. QSFP+ boards are wired differently.
    /// </summary>
    internal static bool HasSfpPins(ushort deviceId) => HasCage(deviceId) && deviceId != 0x1558;

    /// <summary>An X550: 512 entries in the RSS table, and links of 2.5 and 5 Gbit/s.</summary>
    internal static bool IsX550(ushort deviceId) => deviceId is 0x1563 or 0x15D1;
}
