using System.Buffers.Binary;
using static Ixy.Virtio.VirtioRegisters;

namespace Ixy.Virtio;

// Packets that ask for something. TCP and UDP checksums are left to the device, by the header in front of the frame (5.1.6.2); the
// device knows neither the checksum of IPv4 headers nor VLAN tags, so these are made here.
internal abstract unsafe partial class VirtioTransmitQueue
{
    private const int AddressesLength = 12;
    private const uint CustomerTag = 0x8100;
    private readonly Offloads _offloads;

    // All that can fail. The header is zero still; with a tag, the frame will begin earlier, and the header with it.
    private void Prepare(in Packet packet)
    {
        if ((packet.Flags & PacketFlags.Requests) == 0) return;
        var request = new TransmitRequest(packet, _offloads, LongestFrame);
        var headers = request.Headers;
        if (request.IpChecksum) headers.WriteIpChecksum(packet.Data);
        if (!request.L4Checksum) return;
        int growth = request.InsertVlan ? FrameHeaders.TagLength : 0;
        var header = (byte*)(packet.Buffer & Packet.AddressMask) - growth - HeaderLength;
        header[HeaderFlags] = HeaderFlags_.NeedsChecksum;
        *(ushort*)(header + HeaderChecksumStart) = (ushort)(headers.SegmentStart + growth);
        *(ushort*)(header + HeaderChecksumOffset) = (ushort)headers.ChecksumOffset;
    }

    // Cannot fail, as it could not be undone. Returns by how many bytes the first frame has grown.
    private uint InsertTags(ReadOnlySpan<Packet> batch)
    {
        uint first = 0;
        for (int i = 0; i < batch.Length; i++)
        {
            if ((batch[i].Flags & PacketFlags.InsertVlan) == 0) continue;
            InsertTag(batch[i].Buffer);
            Lengthen(Next + (ulong)i, FrameHeaders.TagLength);
            if (i == 0) first = FrameHeaders.TagLength;
        }
        return first;
    }

    // The addresses move into the headroom, to make room for the tag behind them.
    private static void InsertTag(ulong buffer)
    {
        var frame = (byte*)(buffer & Packet.AddressMask);
        Buffer.MemoryCopy(frame, frame - FrameHeaders.TagLength, AddressesLength, AddressesLength);
        uint tag = CustomerTag << 16 | Packet.VlanTagOf(buffer);
        *(uint*)(frame + AddressesLength - FrameHeaders.TagLength) = BinaryPrimitives.ReverseEndianness(tag);
    }
}
