using System.Buffers.Binary;

namespace Ixy.Simulation.Ixgbe.Transmit;

// The datasheet's requirements for descriptors and packets (7.2.1.1, 7.2.3.2, 7.2.4, 7.2.5). A check returns false if
// nothing can be sent.
internal sealed unsafe partial class TransmitAssembler
{
    private bool CheckFirst(in TransmitDescriptor first, uint parts)
    {
        if (parts + _queue.WriteBackThreshold + 2 > CardTransmitQueue.OnChipDescriptors)
            Report(TransmitRule.TooManyDescriptors);
        if (first.IsLegacy)
        {
            if (_path.HasModes) Report(TransmitRule.LegacyWithModes);
            return true;
        }
        if ((first.Status >> TransmitDescriptor.ContextIndexShift & 6) != 0) Report(TransmitRule.ContextIndex);
        if ((first.Status & TransmitDescriptor.OptionsReserved) != 0) Report(TransmitRule.DescriptorReserved);
        if (first.IsData) return true;
        Report(TransmitRule.DescriptorType);
        return false;
    }

    private bool CheckPart(in TransmitDescriptor part, TransmitDescriptor* place, bool isLast)
    {
        bool isLegacy = part.IsLegacy;
        uint reserved = part.Command & (
            isLegacy ? TransmitDescriptor.LegacyReserved : TransmitDescriptor.AdvancedReserved);
        reserved |= part.Status & (isLegacy ? TransmitDescriptor.LegacyStatusReserved : TransmitDescriptor.StatusMask);
        if (reserved != 0) _queue.ReportOnce(TransmitRule.DescriptorReserved, place, _ring);
        if (part.Length > (isLegacy ? LongestLegacyBuffer : LongestBuffer))
            _queue.ReportOnce(TransmitRule.DescriptorTooLong, place, _ring);
        if (!isLast && (part.Command & TransmitDescriptor.ReportStatus) != 0)
            _queue.ReportOnce(TransmitRule.ReportInsidePacket, place, _ring);
        if (isLegacy == _first->IsLegacy && (isLegacy || part.IsData)) return true;
        _queue.ReportOnce(TransmitRule.DescriptorsMixed, place, _ring);
        return false;
    }

    private bool Check(in CardTransmitRequest request, uint length)
    {
        if (length < ShortestPacket)
        {
            Report(TransmitRule.TooShort);
            return false;
        }
        if (!request.IsLegacy && length != request.PayloadLength + request.HeaderLength)
            Report(TransmitRule.PayloadLength);
        if (request.NotAvailable) Report(TransmitRule.NotAvailable);
        if (request.NeedsContext && !request.Context.IsSet)
        {
            Report(TransmitRule.ContextNotSet);
            return false;
        }
        CheckFcs(request, length);
        CheckOffloads(request, length);
        return CheckLength(request, length);
    }

    private bool CheckLength(in CardTransmitRequest request, uint length)
    {
        if (request.Segment) length = Math.Min(length, request.HeaderLength + request.Context.SegmentSize);
        if (length > TransmitMac.LongestFrame)
        {
            Report(TransmitRule.TooLong);
            return false;
        }
        if (length > _path.RoomAboveThreshold) Report(TransmitRule.BufferThreshold);
        return true;
    }

    private void CheckFcs(in CardTransmitRequest request, uint length)
    {
        bool pads = _mac.Pads && length < TransmitMac.ShortestFrame;
        if (!request.InsertFcs && (request.Changes || pads)) Report(TransmitRule.FcsRequired);
        bool checksums = request.IpChecksum || request.L4Checksum || request.Segment;
        if ((checksums && !_mac.AppendsFcs) || (request.Segment && !_mac.Pads)) Report(TransmitRule.MacSettings);
    }

    private void CheckOffloads(in CardTransmitRequest request, uint length)
    {
        ref readonly var context = ref request.Context;
        bool isTcpOrUdp = context.Transport is TransmitTransport.Tcp or TransmitTransport.Udp;
        if (request.Segment && !(request.L4Checksum && isTcpOrUdp && (request.IpChecksum || !context.IPv4)))
            Report(TransmitRule.SegmentOptions);
        if (!(request.Segment || request.IpChecksum || request.L4Checksum)) return;
        if (context.MacLength < 14 || context.IpLength < 20) Report(TransmitRule.ContextLengths);
        if (request.IpChecksum && !context.IPv4) Report(TransmitRule.IpChecksumOfIPv6);
        if (request.L4Checksum && context.Transport == TransmitTransport.Sctp) CheckSctp(context, length);
    }

    private void CheckSctp(in TransmitContext context, uint length)
    {
        uint start = context.MacLength + context.IpLength;
        if (length < start + 12) return;
        uint field = BinaryPrimitives.ReadUInt32LittleEndian(new ReadOnlySpan<byte>(_memory + Headroom + start + 8, 4));
        if (field != 0 || (length - start) % 4 != 0) Report(TransmitRule.SctpPacket);
    }
}
