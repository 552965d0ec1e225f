namespace Ixy;

/// <summary>
/// What a packet asks for, as far as it is left to the device: what software has to do to the frame is done then.
/// </summary>
internal struct TransmitRequest
{
    internal readonly FrameHeaders Headers;

    internal readonly TransmitRefusal Refusal;

    internal readonly bool InsertVlan, IpChecksum, L4Checksum;

    // The checksum that is asked for, whoever completes it.
    private readonly bool _wantsL4Checksum;

    /// <summary>Looks at a packet, and changes nothing.</summary>
    /// <exception cref="ArgumentException">It asks for what is not switched on.</exception>
    /// <exception cref="PacketMisuseException">The packet belongs to no pool.</exception>
    internal TransmitRequest(in Packet packet, in TransmitLimits limits)
    {
        var flags = packet.Flags & PacketFlags.Requests;
        var frame = packet.Frame;
        InsertVlan = (flags & PacketFlags.InsertVlan) != 0;
        if (InsertVlan) Require(limits.Offloads, Offloads.VlanInsert, flags);
        bool wantsChecksum = (flags & ~PacketFlags.InsertVlan) != 0;
        if (wantsChecksum) Require(limits.Offloads, Offloads.TransmitChecksum, flags);
        Refusal = FrameLengths.Examine(frame, InsertVlan, (uint)limits.LongestFrame);
        // default(Packet) has no length, and is a mistake of the application.
        if (Refusal.IsRefused) _ = packet.Pool;
        if (Refusal.IsRefused || !wantsChecksum) return;
        _wantsL4Checksum = (flags & PacketFlags.InsertL4Checksum) != 0;
        Refusal = Headers.Read(frame, _wantsL4Checksum, limits.LongestIpHeader);
        // Devices sum up to the end of the frame: where the segment ends before, software does it.
        L4Checksum = _wantsL4Checksum && Headers.SegmentStart + Headers.SegmentLength == frame.Length;
        IpChecksum = (flags & PacketFlags.InsertIpChecksum) != 0 && Headers.IsIPv4;
    }

    /// <summary>
    /// Begins the checksums, and completes those that no device can: writes to their fields in the frame.
    /// </summary>
    internal readonly void Begin(Span<byte> frame)
    {
        if (IpChecksum) Headers.ClearIpChecksum(frame);
        if (_wantsL4Checksum) Headers.StartSegmentChecksum(frame, complete: !L4Checksum);
    }

    private static void Require(Offloads enabled, Offloads needed, PacketFlags flags)
    {
        if ((enabled & needed) == 0)
            throw new ArgumentException(
                $"a packet asks for {flags}: open the device with {needed} in NetworkDeviceOptions.Offloads");
    }
}
