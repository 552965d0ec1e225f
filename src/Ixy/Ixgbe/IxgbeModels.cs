namespace Ixy.Ixgbe;

/// <summary>How the port reaches the medium, and so what brings the link up.</summary>
internal enum IxgbePort
{
    /// <summary>An SFP+ or QSFP+ cage: the driver chooses 10 Gbit/s serial.</summary>
    Sfi,

    /// <summary>A backplane or CX4: the EEPROM has chosen, the driver restarts negotiation.</summary>
    Backplane,

    /// <summary>A copper PHY that negotiates by itself (X540, X550).</summary>
    Copper,
}

/// <summary>The PCI device ids of vendor 8086 that the driver knows.</summary>
internal static class IxgbeModels
{
    internal static IxgbePort? Find(ushort deviceId) => deviceId switch
    {
        // 82599: SFP, SFP EM, SFP FCoE, SFP SF quad port, SFP SF2, EN SFP, QSFP SF quad port
        0x10FB or 0x1507 or 0x1529 or 0x154A or 0x154D or 0x1557 or 0x1558 => IxgbePort.Sfi,
        // 82599: KX4, combined backplane, CX4, XAUI LOM, KX4 mezzanine, KR, backplane FCoE
        0x10F7 or 0x10F8 or 0x10F9 or 0x10FC or 0x1514 or 0x1517 or 0x152A => IxgbePort.Backplane,
        // 82599 T3 LOM; X540-T2, X540-T1; X550-T2, X550-T1
        0x151C or 0x1528 or 0x1560 or 0x1563 or 0x15D1 => IxgbePort.Copper,
        _ => null,
    };

    /// <summary>An X550: 512 entries in the RSS table, and links of 2.5 and 5 Gbit/s.</summary>
    internal static bool IsX550(ushort deviceId) => deviceId is 0x1563 or 0x15D1;

    /// <summary>The PHY is inside the controller (X540, X550). The 82599 T3 LOM has another maker's PHY.</summary>
    internal static bool HasOwnPhy(ushort deviceId) => Find(deviceId) == IxgbePort.Copper && deviceId != 0x151C;

    /// <summary>Bytes of the receive packet buffer: 512 KiB, in X540 and X550 384 KiB.</summary>
    internal static uint ReceiveBuffer(ushort deviceId) => (HasOwnPhy(deviceId) ? 384u : 512u) << 10;

    /// <summary>
    /// Software-definable pins control the module's laser and rate. QSFP+ boards are wired differently.
    /// </summary>
    internal static bool HasSfpPins(ushort deviceId) => Find(deviceId) == IxgbePort.Sfi && deviceId != 0x1558;
}
