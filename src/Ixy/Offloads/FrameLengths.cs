namespace Ixy;

/// <summary>
/// How long frames may be. The maximum does not include a VLAN tag, because the 82599 does not count it either (MAXFRS,
/// datasheet 8.2.3.22.13). So every device can send what another with the same limit receives, and can send on what it
/// received.
/// </summary>
internal static class FrameLengths
{
    internal const int Tag = NetworkDeviceOptions.TagLength;

    /// <summary>The Ethernet header: two addresses and a type.</summary>
    internal const int Shortest = 14;

    private const string Cure = " (NetworkDeviceOptions.MaxFrameSize, the device's MTU)";
    private const string TooShort = "a packet of {0} bytes cannot be sent: expected at least {1}, an Ethernet header";
    private const string TooLong = "a packet of {0} bytes cannot be sent: expected at most {1}, or {2} with a VLAN tag"
        + Cure;
    private const string TooLongForTag = "a packet of {0} bytes cannot get a VLAN tag: expected at most {1} before"
        + Cure;

    /// <summary>Whether a frame is at most <paramref name="longest"/> bytes, or 4 more with a VLAN tag.</summary>
    internal static bool IsWithin(ReadOnlySpan<byte> frame, uint longest) =>
        (uint)frame.Length <= longest || ((uint)frame.Length <= longest + Tag && IsTagged(frame));

    /// <summary>Checks a frame that is to be sent.</summary>
    internal static TransmitRefusal Examine(ReadOnlySpan<byte> frame, bool insertsTag, uint longest)
    {
        if (frame.Length < Shortest)
            return new(TransmitRefusalReason.TooShort, TooShort, frame.Length, Shortest);
        if (insertsTag ? (uint)frame.Length <= longest : IsWithin(frame, longest)) return default;
        string format = insertsTag ? TooLongForTag : TooLong;
        return new(TransmitRefusalReason.TooLong, format, frame.Length, (int)longest, (int)longest + Tag);
    }

    private static bool IsTagged(ReadOnlySpan<byte> frame) => frame.Length >= Shortest && frame[12..14] is [0x81, 0];
}
