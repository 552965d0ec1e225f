using System.Runtime.CompilerServices;
using Ixy.Checks;
using Ixy.Pools;
using Ixy.Vfio;
using Ixy.Vfio.Dma;

namespace Ixy;

/// <summary>
/// A fixed number of buffers of equal size in DMA memory, given out last-in first-out, so that warm buffers are reused.
/// Thread-safe: a packet may be allocated or received on one thread, and freed or transmitted on another. After
/// <see cref="Dispose"/> it gives out nothing more, and its memory is released when the last buffer is back, because a
/// card may still be sending from it.
/// </summary>
/// <remarks>
/// A pool needs a buffer for each descriptor of the receive ring and of every transmit ring its packets go to, plus
/// those the application holds at once, plus 128 that the receive queue caches (a sixteenth of a small pool). With
/// fewer, the receive queue runs dry and drops frames.
/// </remarks>
public sealed unsafe partial class PacketPool : IDisposable
{
    /// <summary>
    /// Bytes in front of each buffer that belong to its holder: room for a header that a device wants there (virtio).
    /// One cache line, so that buffers are aligned to one, and an odd number of lines, so that the first lines of
    /// successive buffers fall into different sets of the cache: with a stride of 2 KiB they would all share two of the
    /// 64 sets of L1.
    /// </summary>
    internal const int Headroom = 64;

    private const int Batch = 64;

    // By number. Number 0 is never used: default(Packet) belongs to no pool.
    private static readonly PacketPool?[] s_pools = new PacketPool?[1 << 16];

    private readonly DmaMemory _memory;
    private readonly int _stride, _buffersPerFrame;
    // The first _count of these are the free buffers, the warmest last.
    private readonly ulong[] _free;
    private int _count;
    private bool _isDisposed;
    // Held no longer than it takes to copy a block, so waiting for it is spinning.
    private SpinLock _gate = new(enableThreadOwnerTracking: false);

    /// <summary>Takes the buffers from the <see cref="DmaArena"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="DmaMemoryException">There is not enough memory.</exception>
    public PacketPool(PacketPoolOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        _stride = Headroom + options.BufferSize;
        _buffersPerFrame = (int)DmaArena.FrameLength / _stride;
        _memory = DmaMemory.Allocate(OffsetOf(options.Count), options.NumaNode);
        try { Id = Register(this); } catch { _memory.Dispose(); throw; }
        if (options.Checked) Checks = new PacketPoolChecks(this);
        // The lowest are given out first.
        _free = new ulong[options.Count];
        for (int index = options.Count; index > 0;) _free[_count++] = AddressOf(--index) | Id << Packet.PoolShift;
    }

    /// <summary>The options the pool was created with.</summary>
    public PacketPoolOptions Options { get; }

    /// <summary>Bytes a buffer holds.</summary>
    public int BufferSize => Options.BufferSize;

    /// <summary>How many buffers there are.</summary>
    public int Capacity => Options.Count;

    /// <summary>The bookkeeping of a checked pool; null in an unchecked one.</summary>
    internal PacketPoolChecks? Checks { get; }

    /// <summary>What its receive queue caches.</summary>
    internal BufferBlock? AtHand { get; set; }

    /// <summary>Its number, in the high bits of references to its buffers.</summary>
    internal ulong Id { get; }

    /// <summary>Takes as many buffers as there is room for, the warmest last.</summary>
    /// <returns>How many there were.</returns>
    internal int Take(Span<ulong> buffers)
    {
        using (new SpinHold(ref _gate))
        {
            int taken = _isDisposed ? 0 : Math.Min(buffers.Length, _count);
            _count -= taken;
            _free.AsSpan(_count, taken).CopyTo(buffers);
            return taken;
        }
    }

    /// <summary>Gives packets back, each to its own pool.</summary>
    /// <exception cref="PacketMisuseException">
    /// A packet is <c>default</c>, or was already given back (detected by a checked pool).
    /// </exception>
    [SkipLocalsInit]
    public static void Free(ReadOnlySpan<Packet> packets)
    {
        Span<ulong> buffers = stackalloc ulong[Batch];
        for (int count; packets.Length > 0; packets = packets[count..])
        {
            count = Math.Min(packets.Length, Batch);
            ulong all = 0;
            for (int i = 0; i < count; i++)
            {
                buffers[i] = packets[i].Buffer;
                all |= packets[i].Metadata;
            }
            if ((all & Packet.LoanMask) == 0) Free(buffers[..count]);
            else FreeLent(packets[..count]);
        }
    }

    /// <summary>
    /// Gives buffers back, each to its own pool: those of packets that were freed, or that a card has sent.
    /// </summary>
    internal static void Free(ReadOnlySpan<ulong> buffers)
    {
        while (!buffers.IsEmpty) buffers = buffers[Find(buffers[0]).Put(buffers)..];
    }

    // How many of them it took: those at the front that belong to it. Nearly always that is all.
    private int Put(ReadOnlySpan<ulong> buffers)
    {
        int end = buffers.IndexOfAnyExceptInRange(Id << Packet.PoolShift, Id << Packet.PoolShift | Packet.AddressMask);
        return PutOwn(end < 0 ? buffers : buffers[..end]);
    }

    private int PutOwn(ReadOnlySpan<ulong> buffers)
    {
        Checks?.ReturnFromCard(buffers);
        using (new SpinHold(ref _gate))
        {
            if (buffers.Length > Capacity - _count) throw GivenBackTwice();
            buffers.CopyTo(_free.AsSpan(_count));
            _count += buffers.Length;
            if (_isDisposed) ReleaseIfOver();
        }
        return buffers.Length;
    }

    /// <summary>The pool of a buffer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PacketPool Find(ulong buffer) => s_pools[(int)(buffer >> Packet.PoolShift)] ?? throw NoPool();

    /// <summary>
    /// Gives out nothing more; the memory is released when the last buffer is back. Does nothing the second time.
    /// </summary>
    /// <exception cref="PacketMisuseException">
    /// The pool is checked, and the application has not given every packet back.
    /// </exception>
    public void Dispose()
    {
        using (new SpinHold(ref _gate))
        {
            if (_isDisposed) return;
            _isDisposed = true;
            ReleaseIfOver();
        }
        Checks?.ThrowIfHeld();
    }

    private void ReleaseIfOver()
    {
        if (_count < Capacity) return;
        lock (s_pools) s_pools[Id] = null;
        _memory.Dispose();
    }

    private ulong AddressOf(int index) => _memory.Address + OffsetOf(index) + Headroom;

    // No buffer, including its headroom, crosses two frames: without an IOMMU these are not contiguous for the device.
    private nuint OffsetOf(int index)
    {
        int frame = Math.DivRem(index, _buffersPerFrame, out int place);
        return (nuint)frame * DmaArena.FrameLength + (nuint)(place * _stride);
    }

    private static ulong Register(PacketPool pool)
    {
        lock (s_pools)
        {
            int id = Array.IndexOf(s_pools, null, 1) is > 0 and var found ? found : throw TooMany();
            s_pools[id] = pool;
            return (ulong)id;
        }
    }
}
