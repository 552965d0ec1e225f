namespace Ixy;

/// <summary>What a device can be asked for.</summary>
/// <param name="Offloads">Those that were switched on.</param>
/// <param name="LongestFrame">Bytes of the longest frame, a VLAN tag not counted.</param>
/// <param name="LongestIpHeader">Bytes of the longest IP header, extensions included, behind which the device makes checksums.</param>
internal readonly record struct TransmitLimits(Offloads Offloads, int LongestFrame, int LongestIpHeader = int.MaxValue);

/// <summary>What a packet asks for, as far as it is left to the device: what software has to do to the frame is done then.</summary>
internal struct TransmitRequest
{
    internal readonly FrameHeaders Headers;

    internal readonly TransmitRefusal Refusal;

    internal readonly bool InsertVlan, IpChecksum;

    internal bool L4Checksum { get; private set; }

    /// <summary>Looks at a packet, and changes nothing.</summary>
    /// <exception cref="ArgumentException">It asks for what is not switched on.</exception>
    /// <exception cref="PacketMisuseException">The packet belongs to no pool; or the pool is checked, and it was transmitted or freed.</exception>
    internal TransmitRequest(in Packet packet, in TransmitLimits limits)
    {
        var flags = packet.Flags & PacketFlags.Requests;
        var frame = packet.Data;
        InsertVlan = (flags & PacketFlags.InsertVlan) != 0;
        if (InsertVlan) Require(limits.Offloads, Offloads.VlanInsert, flags);
        bool wantsChecksum = (flags & ~PacketFlags.InsertVlan) != 0;
        if (wantsChecksum) Require(limits.Offloads, Offloads.TransmitChecksum, flags);
        Refusal = FrameLengths.Examine(frame, InsertVlan, (uint)limits.LongestFrame);
        // default(Packet) has no length, and is a mistake of the application.
        if (Refusal.IsRefused) _ = packet.Pool;
        if (Refusal.IsRefused || !wantsChecksum) return;
        L4Checksum = (flags & PacketFlags.InsertL4Checksum) != 0;
        Refusal = Headers.Read(frame, L4Checksum, limits.LongestIpHeader);
        IpChecksum = (flags & PacketFlags.InsertIpChecksum) != 0 && Headers.IsIPv4;
    }

    /// <summary>Begins the checksums, and completes those that no device can: writes to their fields in the frame.</summary>
    internal void Begin(Span<byte> frame)
    {
        if (IpChecksum) Headers.ClearIpChecksum(frame);
        if (L4Checksum) L4Checksum = Headers.StartSegmentChecksum(frame);
    }

    private static void Require(Offloads enabled, Offloads needed, PacketFlags flags)
    {
        if ((enabled & needed) == 0)
            throw new ArgumentException($"a packet asks for {flags}: open the device with {needed} in NetworkDeviceOptions.Offloads");
    }
}
