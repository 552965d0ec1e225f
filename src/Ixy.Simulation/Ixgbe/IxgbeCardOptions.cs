namespace Ixy.Simulation.Ixgbe;

/// <summary>What one simulated card differs in from another.</summary>
internal sealed record IxgbeCardOptions
{
    /// <summary>PCI device id: 0x10FB 82599ES (SFP+), 0x1528 X540, 0x1563 X550.</summary>
    internal ushort DeviceId { get; init; } = 0x10FB;

    /// <summary>The permanent MAC address in the EEPROM, 48 bits, first byte on the wire in bits 47–40.</summary>
    internal ulong MacAddress { get; init; } = 0x02_00_00_82_59_00;

    /// <summary>From link set-up to link up, in nanoseconds.</summary>
    internal long LinkUpDelay { get; init; } = 20_000_000;
}
