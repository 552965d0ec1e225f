namespace Ixy.Ixgbe;

/// <summary>How the port reaches the medium, and so who brings the link up.</summary>
internal enum IxgbePort
{
    /// <summary>An SFP+ or QSFP+ cage: the driver chooses 10 Gbit/s serial.</summary>
    Sfi,

    /// <summary>A backplane or CX4: the EEPROM has chosen, the driver restarts.</summary>
    Backplane,

    /// <summary>A copper PHY that negotiates on its own (X540, X550).</summary>
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

    /// <summary>An X550, whose RSS table has 512 entries.</summary>
    internal static bool HasLongRssTable(ushort deviceId) => deviceId is 0x1563 or 0x15D1;
}
