using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Pools;
using Ixy.Vfio;

namespace Ixy.Virtio;

/// <summary>
/// What the receive queues of both layouts share: the buffers, and everything outside the common case. The header is in
/// a buffer's headroom, right in front of the frame, so that one descriptor holds both. The device owns every
/// descriptor, except those just being taken.
/// </summary>
internal abstract unsafe partial class VirtioReceiveQueue : ReceiveQueue, IDisposable
{
    private readonly MergedFrames _merged;
    private readonly ReceiveOffloads _offloads;
    private readonly ulong _publishMask;
    private readonly uint _longestFrame;
    // Free-running: descriptors that the device was notified of.
    private ulong _published;
    private long _dropped, _unused;

    protected VirtioReceiveQueue(PciDevice device, Virtqueue ring, VirtioQueueOptions options)
    {
        Mask = (ulong)ring.Size - 1;
        // Small enough to keep the device's part of the ring full.
        _publishMask = (ulong)Math.Clamp(ring.Size / 16, 1, 32) - 1;
        var settings = options.Device;
        Pool = new PacketPool(new PacketPoolOptions
        {
            // A legacy device chooses the size of its rings.
            Count = Math.Max(settings.EffectivePoolSize, 2 * ring.Size),
            BufferSize = settings.EffectiveBufferSize,
            Checked = settings.IsChecked,
            NumaNode = device.NumaNode,
            Name = $"receive queue {ring.Index / 2} of {device.Name}",
        });
        HeaderLength = options.HeaderLength;
        WholeBuffer = HeaderLength + (uint)Pool.BufferSize;
        try
        {
            _merged = new MergedFrames(this, Pool.Options, options, ring.Size);
        }
        catch
        {
            Pool.Dispose();
            throw;
        }
        Fresh = new BufferBlock(Pool);
        _longestFrame = (uint)settings.MaxFrameSize;
        // A full buffer may be the first of several (5.1.6.3.2); the common case is one that is not.
        LongestUsual = Math.Min((uint)Pool.BufferSize - (options.MergesBuffers ? 1u : 0), _longestFrame);
        Buffers = (ulong*)NativeMemory.AlignedAlloc((nuint)(ring.Size * sizeof(ulong)), 64);
        _offloads = new ReceiveOffloads(options);
        LooksAtPackets = _offloads.AreOn;
    }

    /// <inheritdoc/>
    public override PacketPool Pool { get; }

    /// <inheritdoc/>
    public override long Packets => (long)Position - _unused;

    /// <inheritdoc/>
    public override long Dropped => _dropped;

    internal override bool HasArrivals => TryPeek(0, out _, out _);

    /// <summary>Bytes of all frames, including dropped ones.</summary>
    internal long Bytes { get; private protected set; }

    /// <summary>Bytes in front of a frame: 12, or 10 (5.1.6).</summary>
    internal uint HeaderLength { get; }

    /// <summary>Length of a buffer as the device sees it, with the header.</summary>
    internal uint WholeBuffer { get; }

    /// <summary>The buffer of each descriptor, by its id.</summary>
    internal ulong* Buffers { get; }

    /// <summary>Fresh buffers at hand for the device.</summary>
    private protected BufferBlock Fresh { get; }

    /// <summary>Longest frame that is certainly whole, and within the user's limit.</summary>
    private protected uint LongestUsual { get; }

    private protected ulong Mask { get; }

    /// <summary>Received packets need post-processing, because offloads are on.</summary>
    private protected bool LooksAtPackets { get; }

    /// <summary>Free-running: descriptors taken back from the device since the start.</summary>
    private protected ulong Position { get; set; }

    /// <summary>Gives the device its buffers; it must be ready for them (DRIVER_OK, 3.1.1).</summary>
    internal void Start() => Publish();

    /// <summary>The device's report this many descriptors ahead of the position; false if there is none yet.</summary>
    /// <exception cref="DeviceProtocolException">It names a descriptor outside the ring.</exception>
    internal abstract bool TryPeek(ulong ahead, out ulong id, out uint length);

    /// <summary>
    /// Gives the descriptor at the position back to the device, with this buffer, and advances the position.
    /// </summary>
    internal abstract void Repost(ulong id, ulong buffer);

    /// <summary>The hot loop: takes the frames that need no special treatment.</summary>
    private protected abstract int TakeUsual(Span<Packet> batch);

    /// <summary>Notifies the device of new buffers from one position to another, as the device counts them.</summary>
    private protected abstract void Publish(ulong from, ulong to);

    // Publishing costs a barrier and perhaps an access to the device, so it waits until the position passes a multiple
    // of the distance. Meanwhile the device owns the rest of the ring.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected bool Publishes(ulong from) => ((from ^ Position) & ~_publishMask) != 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private protected int Finish(Span<Packet> batch, ulong from, int received)
    {
        // Either the device has no more, or the next frame is not the common case.
        if (received < batch.Length) received += TakeRest(batch[received..]);
        if (_offloads.AreOn) _offloads.Report(batch[..received]);
        if (Publishes(from)) Publish();
        return received;
    }

    // At most a ring full, so a flood of dropped frames does not keep the caller here.
    private int TakeRest(Span<Packet> batch)
    {
        int received = 0;
        for (ulong end = Position + Mask + 1; received < batch.Length && Position < end;)
        {
            if (!TryPeek(0, out ulong id, out uint length)) break;
            int taken = TakeUsual(batch[received..]);
            if (taken == 0 && !TryTakeUnusual(id, length, ref batch[received], out taken)) break;
            received += taken;
        }
        return received;
    }

    // False if the rest of the frame is still on its way. If the frame is lost, none is taken.
    private bool TryTakeUnusual(ulong id, uint length, ref Packet packet, out int taken)
    {
        int buffers = length == WholeBuffer ? _merged.CountBuffers(id) : 1;
        if (buffers > 1) return TryMerge(buffers, ref packet, out taken);
        // An impossible length becomes one that is too long.
        uint frame = length <= WholeBuffer ? length - HeaderLength : uint.MaxValue;
        ulong fresh = 0;
        bool isGood = IsGoodLength(id, frame) && Fresh.TryTake(out fresh);
        if (isGood) packet = new Packet { Buffer = Buffers[id], Metadata = frame };
        Repost(id, isGood ? fresh : Buffers[id]);
        taken = Count(isGood, buffers: 1, frame);
        return true;
    }

    private bool IsGoodLength(ulong id, uint length) => length - 1 < Pool.BufferSize
        && FrameLengths.IsWithin(new((void*)(Buffers[id] & Packet.AddressMask), (int)length), _longestFrame);

    private bool TryMerge(int buffers, ref Packet packet, out int taken)
    {
        taken = 0;
        if (!_merged.AreThere(buffers)) return false;
        bool isGood = _merged.TryTake(buffers, ref packet, out uint frame);
        taken = Count(isGood, buffers, frame);
        return true;
    }

    private int Count(bool isGood, int buffers, uint length)
    {
        int packets = isGood ? 1 : 0;
        _dropped += 1 - packets;
        _unused += buffers - packets;
        if (length <= ushort.MaxValue) Bytes += length;
        return packets;
    }

    private void Publish()
    {
        ulong to = Position + Mask + 1;
        Publish(_published, to);
        _published = to;
    }

    /// <summary>Frees all memory except the ring's; the device must have been reset.</summary>
    public void Dispose()
    {
        PacketPool.Free(new ReadOnlySpan<ulong>(Buffers, (int)Mask + 1));
        Fresh.Dispose();
        NativeMemory.AlignedFree(Buffers);
        try
        {
            _merged.Dispose();
        }
        finally
        {
            Pool.Dispose();
        }
    }

    /// <summary>Takes a buffer out of the pool for the device.</summary>
    private protected ulong TakeBuffer()
    {
        Fresh.TryTake(out ulong buffer);
        return buffer;
    }

    /// <summary>Where the device finds header and frame.</summary>
    private protected abstract ulong DeviceAddress(ulong buffer);
}
