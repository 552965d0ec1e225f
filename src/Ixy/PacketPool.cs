using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Ixy.Vfio;

namespace Ixy;

/// <summary>
/// A fixed number of equal buffers in DMA memory, handed out last-in first-out, so that warm buffers are used again.
/// One thread at a time may use a pool. After <see cref="Dispose"/> it hands out nothing more, and its memory goes
/// when the last buffer is back: a card may still be sending from it.
/// </summary>
public sealed unsafe class PacketPool : IDisposable
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
    private readonly ulong _id;
    private readonly int _stride, _buffersPerFrame;
    private readonly ulong* _bottom;
    private readonly ulong* _limit;
    private ulong* _top;
    private int _templateLength;
    private bool _disposed;

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
        _bottom = (ulong*)NativeMemory.AlignedAlloc((nuint)options.Count * sizeof(ulong), 64);
        _limit = _bottom + options.Count;
        _top = _bottom;
        _id = Register(this);
        for (int index = options.Count; index-- > 0;) *_top++ = AddressOf(index) | _id << Packet.PoolShift;
        if (options.Checked) Checks = new PacketPoolChecks(this);
    }

    /// <summary>What the pool was made with.</summary>
    public PacketPoolOptions Options { get; }

    /// <summary>Bytes a buffer holds.</summary>
    public int BufferSize => Options.BufferSize;

    /// <summary>How many buffers there are.</summary>
    public int Capacity => Options.Count;

    /// <summary>How many buffers are in the pool now.</summary>
    public int Available => (int)(_top - _bottom);

    /// <summary>The watch over the buffers; null in an unchecked pool.</summary>
    internal PacketPoolChecks? Checks { get; }

    /// <summary>Free buffers for a queue's hot loop: [Bottom, Top) hold their references; the loop moves Top.</summary>
    internal ulong* Bottom => _bottom;

    internal ulong* Top
    {
        get => _top;
        set => _top = value;
    }

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
        ObjectDisposedException.ThrowIf(_disposed, this);
        int count = Math.Min(batch.Length, Available);
        for (int i = 0; i < count; i++)
            batch[i] = new Packet { Buffer = *--_top, Metadata = (uint)_templateLength };
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

    /// <summary>Gives packets back, each to its own pool.</summary>
    /// <exception cref="PacketMisuseException">A packet is <c>default</c>, or was given back before (a checked pool knows which).</exception>
    public static void Free(ReadOnlySpan<Packet> packets)
    {
        foreach (ref readonly var packet in packets)
        {
            var pool = Find(packet.Buffer);
            pool.Checks?.Return(packet);
            pool.Push(packet.Buffer);
        }
    }

    /// <summary>Gives back what a card has sent.</summary>
    internal static void FreeSent(ulong* buffers, int count)
    {
        var end = buffers + count;
        while (buffers < end)
        {
            // Nearly always all from one pool: it is looked up once.
            ulong id = *buffers >> Packet.PoolShift;
            var pool = Find(*buffers);
            if (pool.Checks is not null || pool._disposed || pool._limit - pool._top < end - buffers)
            {
                pool.Checks?.ReturnFromCard(*buffers);
                pool.Push(*buffers++);
                continue;
            }
            var top = pool._top;
            for (; end - buffers >= Vector256<ulong>.Count; buffers += Vector256<ulong>.Count, top += Vector256<ulong>.Count)
            {
                var several = Vector256.Load(buffers);
                if (several >>> Packet.PoolShift != Vector256.Create(id)) break;
                several.Store(top);
            }
            for (; buffers < end && *buffers >> Packet.PoolShift == id; buffers++) *top++ = *buffers;
            pool._top = top;
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
    /// <exception cref="PacketMisuseException">The pool is checked, and the application has not given every packet back.</exception>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        var leaks = Checks?.FindHeld() ?? [];
        if (Available == Capacity) Release();
        if (leaks.Count > 0)
            throw new PacketMisuseException($"{leaks.Count} packets of {Options.Name} were never given back: {string.Join("; ", leaks.Take(8))}");
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

    private void Push(ulong buffer)
    {
        if (_top == _limit) throw new PacketMisuseException($"a packet of {Options.Name} was given back twice: all {Capacity} are there already");
        *_top++ = buffer;
        if (_disposed && _top == _limit) Release();
    }

    private void Release()
    {
        lock (s_lock) s_pools[_id] = null;
        NativeMemory.AlignedFree(_bottom);
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
