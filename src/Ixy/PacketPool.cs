using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Ixy.Vfio;
using Ixy.Vfio.Dma;

namespace Ixy;

/// <summary>
/// A fixed number of equal buffers in DMA memory, handed out last-in first-out, so that warm buffers are used again.
/// Thread-safe: a packet may be allocated or received on one thread, and freed or transmitted on another.
/// After <see cref="Dispose"/> it hands out nothing more, and its memory goes when the last buffer is back: a card may still
/// be sending from it.
/// </summary>
/// <remarks>
/// How many buffers it takes: those of the receive ring, those of every transmit ring that its packets go to, those that the
/// application holds at once, and 128 that the receive queue keeps at hand (a sixteenth of a small pool). With fewer, the
/// receive queue runs dry and drops.
/// </remarks>
public sealed unsafe partial class PacketPool : IDisposable
{
    /// <summary>
    /// Bytes in front of each buffer that belong to whoever holds it: room for a header that a device wants there (virtio).
    /// One cache line, so that buffers start at one; and one more than a power of two, so that the first lines of successive
    /// buffers fall into different sets of the cache: with a stride of 2 KiB they would all share two of the 64 sets of L1.
    /// </summary>
    internal const int Headroom = 64;

    private const int Batch = 64;

    private static readonly Lock s_lock = new();
    private static PacketPool?[] s_pools = new PacketPool?[64];

    private readonly DmaMemory _memory;
    private readonly int _stride, _buffersPerFrame;
    // The first so many of these are the free buffers, the warmest last. Under the gate, which nobody holds for longer than a
    // copy of a block, so waiting for it is spinning.
    private readonly ulong[] _free;
    private int _count;
    private bool _disposed;
    private SpinLock _gate = new(enableThreadOwnerTracking: false);
    private int _templateLength;

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
        // No buffer, with its headroom, lies across two frames: without an IOMMU these are not neighbours for the device.
        int fullFrames = Math.DivRem(options.Count, _buffersPerFrame, out int rest);
        _memory = DmaMemory.Allocate((nuint)fullFrames * DmaArena.FrameLength + (nuint)(rest * _stride), options.NumaNode);
        Id = Register(this);
        if (options.Checked) Checks = new PacketPoolChecks(this);
        // The lowest come out first.
        _free = new ulong[options.Count];
        for (int index = options.Count; index > 0;) _free[_count++] = AddressOf(--index) | Id << Packet.PoolShift;
    }

    /// <summary>What the pool was made with.</summary>
    public PacketPoolOptions Options { get; }

    /// <summary>Bytes a buffer holds.</summary>
    public int BufferSize => Options.BufferSize;

    /// <summary>How many buffers there are.</summary>
    public int Capacity => Options.Count;

    /// <summary>How many buffers are free now, also those that its receive queue has at hand. While other threads use it, about so many.</summary>
    public int Available => Volatile.Read(ref _count) + (AtHand?.Count ?? 0);

    /// <summary>The watch over the buffers; null in an unchecked pool.</summary>
    internal PacketPoolChecks? Checks { get; }

    /// <summary>What its receive queue has at hand.</summary>
    internal BufferBlock? AtHand { get; set; }

    /// <summary>The number that its buffers' references have in their high bits.</summary>
    internal ulong Id { get; }

    /// <summary>Takes one packet; false if the pool is empty. Its length is the template's, or 0.</summary>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    public bool TryAllocate(out Packet packet, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        packet = default;
        return Allocate(new Span<Packet>(ref packet), file, line) == 1;
    }

    /// <summary>Fills <paramref name="batch"/> from the front as far as buffers are there. Lengths are the template's, or 0.</summary>
    /// <returns>How many packets were taken: 0 to the length of the batch.</returns>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    [SkipLocalsInit]
    public int Allocate(Span<Packet> batch, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Span<ulong> buffers = stackalloc ulong[Batch];
        int count = 0, taken;
        do
        {
            taken = Take(buffers[..Math.Min(Batch, batch.Length - count)]);
            for (int i = taken; i > 0;) batch[count++] = new Packet { Buffer = buffers[--i], Metadata = (uint)_templateLength };
        }
        while (taken == Batch);
        Checks?.Lend(batch[..count], $"{file}:{line}");
        return count;
    }

    /// <summary>Takes as many buffers as there is place for, the warmest last.</summary>
    /// <returns>How many were there.</returns>
    internal int Take(Span<ulong> buffers)
    {
        bool isHeld = false;
        _gate.Enter(ref isHeld);
        int taken = _disposed ? 0 : Math.Min(buffers.Length, _count);
        _count -= taken;
        _free.AsSpan(_count, taken).CopyTo(buffers);
        _gate.Exit(useMemoryBarrier: false);
        return taken;
    }

    /// <summary>Gives packets back, each to its own pool.</summary>
    /// <exception cref="PacketMisuseException">A packet is <c>default</c>, or was given back before (a checked pool knows which).</exception>
    [SkipLocalsInit]
    public static void Free(ReadOnlySpan<Packet> packets)
    {
        Span<ulong> buffers = stackalloc ulong[Batch];
        int count = 0;
        try
        {
            foreach (ref readonly var packet in packets)
            {
                if (packet.Loan != 0) packet.Pool.Checks?.Return(packet);
                buffers[count++] = packet.Buffer;
                if (count < Batch) continue;
                count = 0;
                Free(buffers);
            }
        }
        finally
        {
            Free(buffers[..count]);
        }
    }

    /// <summary>Gives buffers back, each to its own pool: of packets that were freed, or that a card has sent.</summary>
    internal static void Free(ReadOnlySpan<ulong> buffers)
    {
        while (!buffers.IsEmpty) buffers = buffers[Find(buffers[0]).Put(buffers)..];
    }

    // How many of them it took: those at the front that are its own. Nearly always that is all.
    private int Put(ReadOnlySpan<ulong> buffers)
    {
        buffers = buffers[..CountOwn(buffers)];
        Checks?.ReturnFromCard(buffers);
        bool isHeld = false;
        _gate.Enter(ref isHeld);
        bool hasRoom = buffers.Length <= _free.Length - _count;
        if (hasRoom) buffers.CopyTo(_free.AsSpan(_count));
        if (hasRoom) _count += buffers.Length;
        bool isOver = _disposed && _count == _free.Length;
        _gate.Exit(useMemoryBarrier: false);
        if (!hasRoom) throw new PacketMisuseException($"a packet of {Options.Name} was given back twice: all {Capacity} are there already");
        if (isOver) Release();
        return buffers.Length;
    }

    // Those in front of the first that is another pool's. First a look at four at a time, as nearly always there is none.
    private int CountOwn(ReadOnlySpan<ulong> buffers)
    {
        var fours = MemoryMarshal.Cast<ulong, Vector256<ulong>>(buffers);
        var mark = Vector256.Create(Id << Packet.PoolShift);
        int own = 0;
        while (own < fours.Length && (fours[own] ^ mark) >>> Packet.PoolShift == Vector256<ulong>.Zero) own++;
        for (own *= Vector256<ulong>.Count; own < buffers.Length && buffers[own] >> Packet.PoolShift == Id;) own++;
        return own;
    }

    /// <summary>The pool of a buffer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PacketPool Find(ulong buffer)
    {
        var pools = s_pools;
        ulong id = buffer >> Packet.PoolShift;
        return id < (ulong)pools.Length && pools[id] is { } pool ? pool : throw NoPool();
    }

    /// <summary>Hands out nothing more; the memory goes when the last buffer is back. Does nothing the second time.</summary>
    /// <exception cref="PacketMisuseException">The pool is checked, and the application has not given every packet back.</exception>
    public void Dispose()
    {
        var leaks = Checks?.FindHeld() ?? [];
        bool isHeld = false;
        _gate.Enter(ref isHeld);
        bool wasDisposed = _disposed;
        _disposed = true;
        bool isOver = !wasDisposed && _count == _free.Length;
        _gate.Exit(useMemoryBarrier: false);
        if (isOver) Release();
        if (leaks.Count > 0 && !wasDisposed)
            throw new PacketMisuseException($"{leaks.Count} packets of {Options.Name} were never given back: {string.Join("; ", leaks.Take(8))}");
    }

    private ulong AddressOf(int index)
    {
        int frame = Math.DivRem(index, _buffersPerFrame, out int place);
        return _memory.Address + (nuint)frame * DmaArena.FrameLength + (nuint)(place * _stride + Headroom);
    }

    private void Release()
    {
        lock (s_lock) s_pools[Id] = null;
        _memory.Dispose();
    }

    private static ulong Register(PacketPool pool)
    {
        lock (s_lock)
        {
            // Number 0 is never used: default(Packet) belongs to no pool.
            int id = Array.IndexOf(s_pools, null, 1);
            if (id < 0)
            {
                id = s_pools.Length;
                if (id > ushort.MaxValue) throw new DmaMemoryException("65,535 packet pools are in use: dispose some");
                var larger = new PacketPool?[Math.Min(id * 2, ushort.MaxValue + 1)];
                s_pools.CopyTo(larger, 0);
                Volatile.Write(ref s_pools, larger);
            }
            s_pools[id] = pool;
            return (ulong)id;
        }
    }

    private static PacketMisuseException NoPool() =>
        new("this packet belongs to no pool: it is default(Packet), or its pool was disposed after all its packets came back");
}
