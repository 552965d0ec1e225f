namespace Ixy;

/// <summary>What a packet asks for, as far as it is left to the device: what software has to do to the frame is done then.</summary>
internal readonly struct TransmitRequest
{
    internal readonly FrameHeaders Headers;

    internal readonly bool InsertVlan, IpChecksum, L4Checksum;

    /// <summary>Prepares a packet that asks for something. The checksum fields of its frame are written to.</summary>
    /// <exception cref="ArgumentException">It cannot be done.</exception>
    /// <exception cref="PacketMisuseException">The pool is checked, and the packet was transmitted or freed.</exception>
    internal TransmitRequest(in Packet packet, Offloads enabled, uint longestFrame)
    {
        var flags = packet.Flags & PacketFlags.Requests;
        var frame = packet.Data;
        InsertVlan = (flags & PacketFlags.InsertVlan) != 0;
        if (InsertVlan) CheckTag(frame.Length, enabled, longestFrame);
        if ((flags & ~PacketFlags.InsertVlan) == 0) return;
        Require(enabled, Offloads.TransmitChecksum, flags);
        L4Checksum = (flags & PacketFlags.InsertL4Checksum) != 0;
        if (Headers.Read(frame, L4Checksum) is { } problem) throw new ArgumentException($"a packet asks for {flags}, but {problem}");
        IpChecksum = (flags & PacketFlags.InsertIpChecksum) != 0 && Headers.IsIPv4;
        if (IpChecksum) Headers.ClearIpChecksum(frame);
        if (L4Checksum) L4Checksum = Headers.StartSegmentChecksum(frame);
    }

    private static void CheckTag(int length, Offloads enabled, uint longestFrame)
    {
        Require(enabled, Offloads.VlanInsert, PacketFlags.InsertVlan);
        if (length < FrameHeaders.EthernetLength || (uint)length + FrameHeaders.TagLength > longestFrame)
            throw new ArgumentException(
                $"a packet of {length} bytes cannot get a VLAN tag: expected {FrameHeaders.EthernetLength} to {longestFrame - FrameHeaders.TagLength}");
    }

    private static void Require(Offloads enabled, Offloads needed, PacketFlags flags)
    {
        if ((enabled & needed) == 0)
            throw new ArgumentException($"a packet asks for {flags}: open the device with {needed} in NetworkDeviceOptions.Offloads");
    }
}
