using System.Buffers.Binary;
using static Ixy.Virtio.VirtioConstants;

namespace Ixy.Virtio;

/// <summary>
/// Post-processes received packets when offloads are on: sets their flags from the header in front of the frame,
/// completes partial checksums, and removes VLAN tags.
/// </summary>
internal readonly unsafe struct ReceiveOffloads(VirtioQueueOptions options)
{
    private const int AddressesLength = 12, TagEnd = AddressesLength + FrameLengths.Tag;
    private const ushort CustomerTag = 0x8100;

    private readonly uint _headerLength = options.HeaderLength;
    private readonly bool _checksums = (options.Device.Offloads & Offloads.ReceiveChecksum) != 0;
    private readonly bool _stripsTags = (options.Device.Offloads & Offloads.VlanStrip) != 0;

    internal bool AreOn => _checksums || _stripsTags;

    internal void Report(Span<Packet> batch)
    {
        foreach (ref var packet in batch)
        {
            // Not the packet's own properties: a checked packet does not belong to the application yet.
            var frame = new Span<byte>((void*)(packet.Buffer & Packet.AddressMask), (ushort)packet.Metadata);
            if (_checksums) packet.Flags |= LookAtChecksum(packet.Buffer, frame);
            if (_stripsTags) StripTag(ref packet, frame);
        }
    }

    // 5.1.6.4.1, 5.1.6.4.2. NEEDS_CSUM: the frame has never been on a wire and its checksum is only started; an
    // application expects it complete. If the field would be outside the frame, the checksum is reported as bad.
    private PacketFlags LookAtChecksum(ulong buffer, Span<byte> frame)
    {
        var header = (byte*)(buffer & Packet.AddressMask) - _headerLength;
        if ((header[HeaderFlags] & HeaderFlags_.NeedsChecksum) == 0)
            return (header[HeaderFlags] & HeaderFlags_.DataValid) != 0 ? PacketFlags.L4ChecksumGood : PacketFlags.None;
        int start = *(ushort*)(header + HeaderChecksumStart), offset = *(ushort*)(header + HeaderChecksumOffset);
        if (start + offset + sizeof(ushort) > frame.Length) return PacketFlags.L4ChecksumBad;
        InternetChecksum.Complete(frame[start..], offset);
        return PacketFlags.L4ChecksumGood;
    }

    private static void StripTag(ref Packet packet, Span<byte> frame)
    {
        if (frame.Length < TagEnd + sizeof(ushort)
            || BinaryPrimitives.ReadUInt16BigEndian(frame[AddressesLength..]) != CustomerTag) return;
        Packet.VlanTagOf(packet.Buffer) = BinaryPrimitives.ReadUInt16BigEndian(
            frame[(AddressesLength + sizeof(ushort))..]);
        frame[TagEnd..].CopyTo(frame[AddressesLength..]);
        packet.Metadata -= FrameLengths.Tag;
        packet.Flags |= PacketFlags.VlanStripped;
    }
}
