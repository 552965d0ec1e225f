using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Ixy.Checks;
using static Ixy.Virtio.VirtioConstants;

namespace Ixy.Virtio;

// Packets that request an offload, or are of unusual length. TCP and UDP checksums are left to the device, through the
// header in front of the frame (5.1.6.2). The device can neither compute IPv4 header checksums nor insert VLAN tags, so
// software does both here.
internal abstract unsafe partial class VirtioTransmitQueue
{
    private const int AddressesLength = 12;
    private const uint CustomerTag = 0x8100;
    private readonly TransmitLimits _limits;

    /// <inheritdoc/>
    public override TransmitRefusal Examine(in Packet packet) => new TransmitRequest(packet, _limits).Refusal;

    /// <summary>
    /// Writes the descriptors of a batch again, this time checking each packet, up to one that cannot be sent. The
    /// device has seen none of them yet, and never will if a packet requests something that is not enabled.
    /// </summary>
    /// <returns>How many were taken.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private protected int TransmitOneByOne(ReadOnlySpan<Packet> batch, ulong written)
    {
        TakeBackUntil(written);
        ulong next = Next, end = Clean + Mask + 1;
        int count = 0;
        long bytes = 0;
        try
        {
            for (; count < batch.Length && next != end && TryPrepare(batch[count], out uint growth); count++, next++)
            {
                ulong buffer = batch[count].Buffer;
                uint length = (uint)batch[count].Length + growth;
                Write(next, buffer, DeviceAddress(buffer) - growth, length + HeaderLength);
                bytes += length;
            }
        }
        catch
        {
            TakeBackUntil(next);
            throw;
        }
        if (count == 0) return 0;
        // Cannot fail, and could not be undone.
        foreach (ref readonly var packet in batch[..count])
        {
            if ((packet.Flags & PacketFlags.InsertVlan) != 0) InsertTag(packet.Buffer);
        }
        PacketPoolChecks.Give(batch[..count]);
        Bytes += bytes;
        Publish(next);
        return count;
    }

    private void TakeBackUntil(ulong end)
    {
        for (ulong position = Next; position != end; position++) Buffers[TakeBack(position)] = 0;
    }

    // Everything that can fail. With a tag, the frame will begin earlier, and so will the header.
    private bool TryPrepare(in Packet packet, out uint growth)
    {
        growth = 0;
        var request = new TransmitRequest(packet, _limits);
        if (request.Refusal.IsRefused) return false;
        ClearHeader(packet.Buffer);
        var frame = packet.Frame;
        request.Begin(frame);
        if (request.IpChecksum) request.Headers.WriteIpChecksum(frame);
        if (request.InsertVlan) growth = FrameLengths.Tag;
        if (request.L4Checksum) AskForChecksum(packet.Buffer, request.Headers, growth);
        return true;
    }

    private void AskForChecksum(ulong buffer, in FrameHeaders headers, uint growth)
    {
        var header = (byte*)(buffer & Packet.AddressMask) - growth - HeaderLength;
        header[HeaderFlags] = HeaderFlags_.NeedsChecksum;
        *(ushort*)(header + HeaderChecksumStart) = (ushort)(headers.SegmentStart + growth);
        *(ushort*)(header + HeaderChecksumOffset) = (ushort)headers.ChecksumOffset;
    }

    // The addresses move into the headroom, to make room for the tag after them.
    private static void InsertTag(ulong buffer)
    {
        var frame = (byte*)(buffer & Packet.AddressMask);
        Buffer.MemoryCopy(frame, frame - FrameLengths.Tag, AddressesLength, AddressesLength);
        uint tag = CustomerTag << 16 | Packet.VlanTagOf(buffer);
        *(uint*)(frame + AddressesLength - FrameLengths.Tag) = BinaryPrimitives.ReverseEndianness(tag);
    }
}
