namespace Ixy;

/// <summary>How to create a <see cref="PacketPool"/>.</summary>
public sealed partial record PacketPoolOptions
{
    /// <summary>How many buffers: 1 to 1,048,576. Default 4,096.</summary>
    public int Count { get; init; } = 4096;

    /// <summary>Bytes a buffer holds: 64 to 16,384, a multiple of 64. Default 2,048.</summary>
    public int BufferSize { get; init; } = 2048;

    /// <summary>
    /// Tracks every buffer: double frees, uses after transmit and packets that are never given back are reported with
    /// the place of allocation. Costs some 20 ns per packet; if off, one test. Default: the AppContext switch
    /// <c>Ixy.CheckedPools</c>, else off.
    /// </summary>
    public bool Checked { get; init; } = CheckedByDefault;

    /// <summary>
    /// The NUMA node its memory should be on, if that has enough: the card's node
    /// (<see cref="Vfio.PciDevice.NumaNode"/>). Null, the default, for any.
    /// </summary>
    public int? NumaNode { get; init; }

    /// <summary>What the pool is for, in error messages.</summary>
    public string Name { get; init; } = "pool";

    internal static bool CheckedByDefault => AppContext.TryGetSwitch("Ixy.CheckedPools", out bool on) && on;

    internal void Validate()
    {
        if (Count is < 1 or > 1 << 20) throw WrongCount();
        if (BufferSize is < 64 or > 16384 || BufferSize % 64 != 0) throw WrongBufferSize();
    }
}
