namespace Ixy;

/// <summary>What a packet requests from the device; by then, software has already done its part.</summary>
internal struct TransmitRequest
{
    internal readonly FrameHeaders Headers;

    internal readonly TransmitRefusal Refusal;

    internal readonly bool InsertVlan, IpChecksum, L4Checksum;

    // The requested checksum, whether the device or software completes it.
    private readonly bool _wantsL4Checksum;

    /// <summary>Examines a packet without changing it.</summary>
    /// <exception cref="ArgumentException">It requests something that is not enabled.</exception>
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
        // default(Packet) has no length, and is an application bug.
        if (Refusal.IsRefused) _ = packet.Pool;
        if (Refusal.IsRefused || !wantsChecksum) return;
        _wantsL4Checksum = (flags & PacketFlags.InsertL4Checksum) != 0;
        Refusal = Headers.Read(frame, _wantsL4Checksum, limits.LongestIpHeader);
        // Devices sum up to the end of the frame: if the segment ends earlier, software does it.
        L4Checksum = _wantsL4Checksum && Headers.SegmentStart + Headers.SegmentLength == frame.Length;
        IpChecksum = (flags & PacketFlags.InsertIpChecksum) != 0 && Headers.IsIPv4;
    }

    /// <summary>
    /// Starts the checksums, and completes those that no device can: writes to their fields in the frame.
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
