using Ixy.Pools;
using Ixy.Vfio;
using static Ixy.Virtio.VirtioConstants;

namespace Ixy.Virtio;

/// <summary>
/// Reassembles frames that the device spread over several receive buffers (5.1.6.3.2), by copying them into one larger
/// buffer from a separate pool. Only needed when buffers are smaller than the longest frame.
/// </summary>
internal sealed unsafe class MergedFrames : IDisposable
{
    private readonly VirtioReceiveQueue _queue;
    private readonly PacketPool? _pool;
    private readonly BufferBlock? _fresh;
    private readonly uint _longestFrame;
    private readonly bool _mayCome;
    private readonly int _ringSize;

    internal MergedFrames(VirtioReceiveQueue queue, PacketPoolOptions parts, VirtioQueueOptions options, int ringSize)
    {
        _queue = queue;
        _ringSize = ringSize;
        _mayCome = options.MergesBuffers;
        _longestFrame = (uint)options.Device.MaxFrameSize;
        // A longer frame is dropped, however many buffers it was spread over.
        if (!_mayCome || _longestFrame + FrameLengths.Tag <= parts.BufferSize) return;
        _pool = new PacketPool(parts with
        {
            BufferSize = (int)(_longestFrame + FrameLengths.Tag + 63) / 64 * 64,
            Name = $"merged frames of {parts.Name}",
        });
        _fresh = new BufferBlock(_pool);
    }

    /// <summary>How many buffers the frame starting in this one takes.</summary>
    internal int CountBuffers(ulong id)
    {
        // The header is right in front of the frame, and ends with the number of buffers.
        var header = (byte*)(_queue.Buffers[id] & Packet.AddressMask) - HeaderLength;
        return _mayCome ? *(ushort*)(header + HeaderBuffers) : 1;
    }

    /// <summary>All of them have arrived: a split ring may show some before the others.</summary>
    /// <exception cref="DeviceProtocolException">The count is impossible.</exception>
    internal bool AreThere(int buffers)
    {
        if (buffers > _ringSize)
            throw new DeviceProtocolException(
                $"{_queue.Pool.Options.Name}: a frame in {buffers} buffers: expected at most {_ringSize}, the ring's "
                + "size");
        for (int i = 1; i < buffers; i++)
        {
            if (!_queue.TryPeek((ulong)i, out _, out _)) return false;
        }
        return true;
    }

    /// <summary>
    /// Reassembles a frame and gives its buffers back to the device; false if it is too long, there is no buffer for
    /// it, or its lengths are impossible. In every case all of it is taken from the ring.
    /// </summary>
    internal bool TryTake(int buffers, ref Packet packet, out uint length)
    {
        ulong whole = 0;
        bool isGood = _fresh is not null && _fresh.TryTake(out whole);
        length = 0;
        // Only the first buffer has a header.
        uint header = HeaderLength;
        for (; buffers > 0; buffers--)
        {
            _queue.TryPeek(0, out ulong id, out uint part);
            isGood &= part > header && part <= _queue.WholeBuffer
                && length + part - header <= _longestFrame + FrameLengths.Tag;
            var from = (byte*)(_queue.Buffers[id] & Packet.AddressMask) - HeaderLength + header;
            // The header is copied too, because it describes the checksums.
            if (isGood && header != 0)
                Buffer.MemoryCopy(from - header, (byte*)(whole & Packet.AddressMask) - header, header, header);
            if (isGood) Buffer.MemoryCopy(
                from, (byte*)(whole & Packet.AddressMask) + length, part - header, part - header);
            length += part - header;
            header = 0;
            _queue.Repost(id, _queue.Buffers[id]);
        }
        isGood = isGood && FrameLengths.IsWithin(new((void*)(whole & Packet.AddressMask), (int)length), _longestFrame);
        if (isGood) packet = new Packet { Buffer = whole, Metadata = length };
        else if (whole != 0) _fresh!.PutBack(whole);
        return isGood;
    }

    /// <summary>Frees the memory once the last packet is back.</summary>
    public void Dispose()
    {
        _fresh?.Dispose();
        _pool?.Dispose();
    }
}
