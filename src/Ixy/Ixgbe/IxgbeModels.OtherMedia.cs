namespace Ixy.Ixgbe;

// Ports without a cage.
internal static partial class IxgbeModels
{
    /// <summary>A backplane or CX4: the EEPROM has chosen, the driver restarts negotiation.</summary>
    // 82599: KX4, combined backplane, CX4, XAUI LOM, KX4 mezzanine, KR, backplane FCoE
    internal static bool IsBackplane(ushort deviceId) =>
        deviceId is 0x10F7 or 0x10F8 or 0x10F9 or 0x10FC or 0x1514 or 0x1517 or 0x152A;

    /// <summary>A copper PHY that negotiates by itself (X540, X550).</summary>
    // 82599 T3 LOM; X540-T2, X540-T1; X550-T2, X550-T1
    internal static bool IsCopper(ushort deviceId) => deviceId is 0x151C or 0x1528 or 0x1560 or 0x1563 or 0x15D1;

    /// <summary>The PHY is inside the controller (X540, X550). The 82599 T3 LOM has another maker's PHY.</summary>
    internal static bool HasOwnPhy(ushort deviceId) => IsCopper(deviceId) && deviceId != 0x151C;
}
