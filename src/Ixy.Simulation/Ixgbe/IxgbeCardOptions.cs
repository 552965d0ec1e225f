namespace Ixy.Simulation.Ixgbe;

/// <summary>How one simulated card differs from another.</summary>
internal sealed record IxgbeCardOptions
{
    /// <summary>PCI device id: 0x10FB 82599ES (SFP+), 0x1528 X540, 0x1563 X550.</summary>
    internal ushort DeviceId { get; init; } = 0x10FB;

    /// <summary>The permanent MAC address in the EEPROM, 48 bits, first byte on the wire in bits 47–40.</summary>
    internal ulong MacAddress { get; init; } = 0x02_00_00_82_59_00;

    /// <summary>
    /// The fastest link speed of the far end in Mbit/s: 10000 or 1000, on X540 and X550 also 100, on X550 also 5000 and
    /// 2500.
    /// </summary>
    internal int PartnerSpeedMbps { get; init; } = 10_000;

    /// <summary>An SFP+ module is in the cage (82599).</summary>
    internal bool HasSfpModule { get; init; } = true;

    /// <summary>X540 or X550: copper PHY on MDIO instead of an SFP+ cage.</summary>
    internal bool IsCopper => DeviceId != 0x10FB;

    /// <summary>X550: some registers are in other places than in the 82599 and X540.</summary>
    internal bool IsX550 => DeviceId == 0x1563;

    /// <summary>
    /// Where real cards are known or believed to differ from the datasheet, and docs/silicon.md names this option,
    /// follow the cards.
    /// </summary>
    internal bool HasSiliconQuirks { get; init; }

    /// <summary>
    /// Rings are aligned to this many bytes; lower address bits do not exist. The datasheet says 128 (8.2.3.8.1,
    /// 8.2.3.9.5). That cards accept 64 is a guess: TinyNF's allocator (c/env/linux-x86/memory.c) aligns its rings no
    /// better, and TinyNF was measured on 82599s. Nobody has published a test with less; a comment in DPDK's
    /// ixgbe_rxtx.h mentions 16.
    /// </summary>
    internal uint RingAlignment => HasSiliconQuirks ? 64u : 128u;

    /// <summary>
    /// Bytes of the receive packet buffer. That X540 and X550 have 384 KiB is known from Intel's drivers
    /// (IXGBE_X540_RX_PB_SIZE).
    /// </summary>
    internal uint ReceiveBuffer => (IsCopper ? 384u : 512u) << 10;

    /// <summary>The seed for random choices where the datasheet leaves one; null for the usual choice.</summary>
    internal ulong? PerverseSeed { get; init; }

    /// <summary>From link set-up to link up, in nanoseconds.</summary>
    internal long LinkUpDelay { get; init; } = 20_000_000;
}
