using System.Runtime.InteropServices;
using Ixy.Hosting;
using Ixy.Simulation.Ixgbe.Registers;

namespace Ixy.Simulation.Ixgbe.Transmit;

/// <summary>
/// Sends everything that is not simple: packets in several buffers, legacy descriptors, contexts, offloads (datasheet
/// 7.2.3). Gathers a packet in the card's memory, applies the offloads and hands it to the MAC.
/// </summary>
internal sealed unsafe partial class TransmitAssembler : IDisposable
{
    // A packet to segment has up to 512 bytes of headers and 256 KiB of payload (7.2.4.1). In front of it is room for a
    // tag.
    private const uint Capacity = (256 << 10) + 512, Headroom = 16, Tailroom = 64;
    private const uint LongestLegacyBuffer = TransmitMac.LongestFrame, LongestBuffer = 16 << 10;
    private const uint ShortestPacket = 17;

    private readonly TransmitPath _path;
    private readonly TransmitMac _mac;
    private readonly DmaSpace _dma;
    private readonly RegisterFile _registers;
    private readonly byte* _memory = (byte*)NativeMemory.AlignedAlloc(Headroom + Capacity + Tailroom, 64);
    private readonly TransmitSegmenter _segmenter;

    // The current packet: its queue, and its first descriptor.
    private CardTransmitQueue _queue = null!;
    private TransmitDescriptor* _ring, _first;

    internal TransmitAssembler(TransmitPath path)
    {
        (_path, _mac, _dma, _registers) = (path, path.Mac, path.Card.Dma, path.Card.Registers);
        _segmenter = new TransmitSegmenter(path);
    }

    /// <summary>Sends the packet, or takes the context, that starts at a queue's head.</summary>
    /// <returns>How many descriptors it has; 0 if the rest of it has not arrived yet.</returns>
    internal uint Send(CardTransmitQueue queue, TransmitDescriptor* ring, uint count, uint head, uint tail)
    {
        _queue = queue;
        _ring = ring;
        _first = ring + head;
        var first = *_first;
        uint parts = first.IsContext ? 1 : CountParts(count, head, tail);
        if (parts == 0) return 0;
        _path.Card.Recorder?.TransmitDescriptorsRead(queue.Index, (ulong*)ring, count, head, parts);
        if (first.IsContext)
        {
            SetContext(first);
            return 1;
        }
        if (parts == 1 && first.Length == 0) return 1;
        var request = new CardTransmitRequest(first, queue.Contexts);
        if (!CheckFirst(first, parts)) return parts;
        if (parts == 1 && !request.Changes && SendWhole(first, request)) return parts;
        if (!Collect(request, count, head, parts, out uint length)) return parts;
        if (Check(request, length)) Send(request, length);
        return parts;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _segmenter.Dispose();
    }

    private void SetContext(in TransmitDescriptor descriptor)
    {
        uint index = descriptor.Status >> TransmitDescriptor.ContextIndexShift;
        if ((index & 6) != 0) Report(TransmitRule.ContextIndex);
        _queue.Contexts[index & 1] = new TransmitContext(descriptor);
    }

    private uint CountParts(uint count, uint head, uint tail)
    {
        uint parts = 0;
        for (uint index = head; index != tail; index = index + 1 == count ? 0 : index + 1)
        {
            parts++;
            if (_ring[index].EndsPacket && !_ring[index].IsContext) return parts;
        }
        return 0;
    }

    // One buffer, no offloads: from the host's memory to the MAC, as in CardTransmitQueue.SendPlain.
    private bool SendWhole(in TransmitDescriptor first, in CardTransmitRequest request)
    {
        uint length = first.Length;
        if (!request.InsertFcs || length - TransmitMac.ShortestFrame >= _mac.PlainLengths) return false;
        if (!CheckPart(first, _first, isLast: true) || !Check(request, length)) return true;
        byte* frame = _dma.Translate(first.Address, length, "transmit buffer");
        if (frame is null) return true;
        if (request.TimeStamp) _path.TimeStamp?.Invoke();
        _mac.Send(new ReadOnlySpan<byte>(frame, (int)length));
        return true;
    }

    // Gathers the buffers. Each descriptor is read only once, because software could change it meanwhile.
    private bool Collect(in CardTransmitRequest request, uint count, uint head, uint parts, out uint length)
    {
        bool isWhole = true;
        uint headerParts = 0;
        length = 0;
        for (uint part = 0, index = head; part < parts; part++, index = index + 1 == count ? 0 : index + 1)
        {
            var descriptor = _ring[index];
            uint bytes = descriptor.Length;
            isWhole &= CheckPart(descriptor, _ring + index, part == parts - 1);
            if (length < request.HeaderLength) headerParts++;
            if (bytes == 0) Report(TransmitRule.DescriptorEmpty);
            isWhole &= bytes == 0 || Collect(descriptor.Address, bytes, length);
            length += bytes;
        }
        if (headerParts > 4) Report(TransmitRule.SegmentHeader);
        return isWhole;
    }

    private bool Collect(ulong address, uint bytes, uint at)
    {
        if (at + bytes > Capacity)
        {
            Report(TransmitRule.TooLong);
            return false;
        }
        byte* data = _dma.Translate(address, bytes, "transmit buffer");
        if (data is null) return false;
        Buffer.MemoryCopy(data, _memory + Headroom + at, bytes, bytes);
        return true;
    }

    private void Send(in CardTransmitRequest request, uint length)
    {
        if (request.TimeStamp) _path.TimeStamp?.Invoke();
        var packet = new Span<byte>(_memory + Headroom, (int)length);
        if (request.Segment)
        {
            if (!_segmenter.Send(request, packet)) Report(TransmitRule.SegmentSizes);
            return;
        }
        bool fits = true;
        if (request.LegacyChecksum)
            fits &= TransmitOffload.InsertChecksum(packet, request.ChecksumStart, request.ChecksumOffset);
        if (request.IpChecksum && request.Context.IPv4)
            fits &= TransmitOffload.InsertIpChecksum(packet, request.Context);
        if (request.L4Checksum) fits &= TransmitOffload.InsertL4Checksum(packet, request.Context);
        if (!fits) Report(TransmitRule.ChecksumRange);
        byte* start = _memory + Headroom;
        if (request.InsertVlan) start = TransmitOffload.InsertVlan(start, request.VlanTag, _registers, ref length);
        var buffer = new Span<byte>(start, (int)(length + Tailroom));
        if (!_mac.Finish(buffer, (int)length, request.InsertFcs)) Report(TransmitRule.WrongFcs);
    }

    private void Report(TransmitRule rule) => _queue.ReportOnce(rule, _first, _ring);
}
