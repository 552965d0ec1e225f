using System.Runtime.CompilerServices;
using Ixy.Pools;
using Ixy.Vfio;
using Ixy.Vfio.Dma;

namespace Ixy;

/// <summary>
/// A fixed number of equal buffers in DMA memory, handed out last-in first-out, so that warm buffers are used again.
/// Thread-safe: a packet may be allocated or received on one thread, and freed or transmitted on another. Each thread and each
/// queue has some free buffers at hand (a sixteenth of the pool and 256 at most, a thread twice that), and changes them with the
/// others block by block; before a pool says that it is empty it takes them all, but for those of its receive queue.
/// After <see cref="Dispose"/> it hands out nothing more, and its memory goes when the last buffer is back: a card may still
/// be sending from it.
/// </summary>
public sealed unsafe partial class PacketPool : IDisposable
{
    /// <summary>
    /// Bytes in front of each buffer that belong to whoever holds it: room for a header that a device wants there (virtio).
    /// One cache line, so that buffers start at one; and one more than a power of two, so that the first lines of successive
    /// buffers fall into different sets of the cache: with a stride of 2 KiB they would all share two of the 64 sets of L1.
    /// </summary>
    internal const int Headroom = 64;

    private static readonly Lock s_lock = new();
    private static PacketPool?[] s_pools = new PacketPool?[64];

    private readonly DmaMemory _memory;
    private readonly int _stride, _buffersPerFrame;
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
        _memory = DmaMemory.Allocate((nuint)fullFrames * DmaArena.FrameLength + (nuint)(rest * _stride), DmaArena.FrameLength, options.NumaNode);
        Store = new BufferStore(BlockCapacityFor(options.Count));
        Id = Register(this);
        if (options.Checked) Checks = new PacketPoolChecks(this);
        _state = options.Count < SmallestCached ? Uncached : 0;
        Attach(_shared, isClaimable: false);
        Fill();
    }

    /// <summary>What the pool was made with.</summary>
    public PacketPoolOptions Options { get; }

    /// <summary>Bytes a buffer holds.</summary>
    public int BufferSize => Options.BufferSize;

    /// <summary>How many buffers there are.</summary>
    public int Capacity => Options.Count;

    /// <summary>How many buffers are in the pool now. While other threads use it, about so many.</summary>
    public int Available
    {
        get
        {
            lock (_gate) return CountAvailable();
        }
    }

    /// <summary>The watch over the buffers; null in an unchecked pool.</summary>
    internal PacketPoolChecks? Checks { get; }

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
    public int Allocate(Span<Packet> batch, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        int count = Take(batch);
        if (count < batch.Length && Gather()) count += Take(batch[count..]);
        Checks?.Lend(batch[..count], $"{file}:{line}");
        return count;
    }

    /// <summary>
    /// Writes <paramref name="frame"/> into every free buffer, and makes it the content of packets allocated from now on.
    /// For generators: buffers that a card only reads keep it.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The frame is longer than a buffer.</exception>
    /// <exception cref="InvalidOperationException">Some buffers are not in the pool.</exception>
    public void SetTemplate(ReadOnlySpan<byte> frame)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frame.Length, BufferSize);
        if (Available != Capacity) throw new InvalidOperationException($"{Capacity - Available} buffers are not in the pool");
        for (int index = 0; index < Capacity; index++) frame.CopyTo(new Span<byte>((void*)AddressOf(index), BufferSize));
        _templateLength = frame.Length;
    }

    /// <summary>
    /// Gives packets back, each to its own pool. A thread allocates some managed memory the first time, also when it gives none,
    /// and never again.
    /// </summary>
    /// <exception cref="PacketMisuseException">A packet is <c>default</c>, or was given back before (a checked pool knows which).</exception>
    public static void Free(ReadOnlySpan<Packet> packets)
    {
        var caches = BufferCaches.OfThread;
        while (!packets.IsEmpty)
        {
            var pool = Find(packets[0].Buffer);
            var run = packets;
            if (pool.Checks is { } checks)
            {
                checks.Return(packets[0]);
                run = packets[..1];
            }
            packets = packets[pool.Put(caches, run)..];
        }
    }

    /// <summary>Gives back what a card has sent.</summary>
    /// <param name="caches">The queue's, or the thread's.</param>
    /// <param name="buffers">The references.</param>
    /// <param name="count">How many.</param>
    internal static void FreeSent(BufferCaches caches, ulong* buffers, int count)
    {
        for (var end = buffers + count; buffers < end;)
        {
            var pool = Find(*buffers);
            var run = end;
            if (pool.Checks is { } checks)
            {
                checks.ReturnFromCard(*buffers);
                run = buffers + 1;
            }
            buffers += pool.Put(caches, buffers, run);
        }
    }

    /// <summary>The pool of a buffer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PacketPool Find(ulong buffer)
    {
        var pools = s_pools;
        ulong id = buffer >> Packet.PoolShift;
        return id < (ulong)pools.Length && pools[id] is { } pool ? pool : throw NoPool();
    }

    /// <summary>Packets that the application holds, with the place where each was allocated. Checked pools only.</summary>
    /// <exception cref="InvalidOperationException">The pool is not checked.</exception>
    public IReadOnlyList<string> FindLeaks() =>
        Checks?.FindHeld() ?? throw new InvalidOperationException("only a checked pool knows who holds its packets");

    /// <summary>Hands out nothing more; the memory goes when the last buffer is back. Does nothing the second time.</summary>
    /// <exception cref="PacketMisuseException">
    /// The pool is checked, and the application has not given every packet back; or more were given back than there are.
    /// </exception>
    public void Dispose()
    {
        List<string> leaks;
        int available;
        lock (_gate)
        {
            if ((_state & Disposed) != 0) return;
            Claim(Disposed);
            leaks = Checks?.FindHeld() ?? [];
            available = CountAvailable();
            ReleaseIfComplete();
        }
        if (leaks.Count > 0)
            throw new PacketMisuseException($"{leaks.Count} packets of {Options.Name} were never given back: {string.Join("; ", leaks.Take(8))}");
        if (available > Capacity) throw TooMany();
    }

    internal int IndexOf(ulong buffer)
    {
        nuint offset = (nuint)(buffer & Packet.AddressMask) - _memory.Address;
        return (int)(offset / DmaArena.FrameLength) * _buffersPerFrame + (int)(offset % DmaArena.FrameLength) / _stride;
    }

    private ulong AddressOf(int index)
    {
        int frame = Math.DivRem(index, _buffersPerFrame, out int place);
        return _memory.Address + (nuint)frame * DmaArena.FrameLength + (nuint)(place * _stride + Headroom);
    }

    // The lowest buffers come out first.
    private void Fill()
    {
        int index = Capacity;
        while (index > 0)
        {
            var block = Store.TakeEmpty();
            for (; index > 0 && block->Count < block->Capacity; block->Count++)
                BufferBlock.Buffers(block)[block->Count] = AddressOf(--index) | Id << Packet.PoolShift;
            Store.Give(block);
        }
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
