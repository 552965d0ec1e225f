using Ixy.Simulation.Ixgbe.Receive;

namespace Ixy.Fuzz.Targets;

/// <summary>
/// A frame, for the drivers' parser and for the card's, which are independent: for a packet whose checksum a driver
/// would leave to the card, both must agree, and the checksum made in software must be correct.
/// </summary>
internal static class HeaderTarget
{
    private const ushort CustomerTag = 0x8100;
    private const int OneTag = 18;

    internal static void Run(byte[] input)
    {
        var source = new InputReader(input);
        int longestIpHeader = source.Byte() is var least and not 0 ? least * 4 : int.MaxValue;
        byte[] frame = source.Rest().ToArray();
        var headers = new FrameHeaders();
        _ = headers.Read(frame, withTransport: false, longestIpHeader).ToString();
        headers = new FrameHeaders();
        var refusal = headers.Read(frame, withTransport: true, longestIpHeader);
        _ = refusal.ToString();
        var card = new PacketHeaders();
        if (frame.Length >= FrameLengths.Shortest) card.Parse(frame, CustomerTag);
        if (refusal.IsRefused) return;
        int end = headers.SegmentStart + headers.SegmentLength;
        FuzzException.Require(end <= frame.Length, $"a segment up to byte {end} in a frame of {frame.Length}");
        // The card looks behind one customer tag, and no other.
        if (headers.MacLength == FrameLengths.Shortest
            || headers.MacLength == OneTag && frame[12] == CustomerTag >> 8)
        {
            byte expected = IsCutTcp(frame, headers) ? (byte)0 : headers.Protocol;
            FuzzException.Require(
                card.Transport == expected && card.L4Start == headers.SegmentStart,
                $"the driver sees protocol {headers.Protocol} at {headers.SegmentStart}, the card {card.Transport} at "
                + $"{card.L4Start}");
        }
        headers.StartSegmentChecksum(frame, complete: true);
        uint sum = InternetChecksum.Sum(
            frame.AsSpan(headers.SegmentStart, headers.SegmentLength), headers.SumPseudoHeader(frame));
        FuzzException.Require(sum == 0xFFFF, $"the checksum is not right: the sum is {sum:x}");
    }

    // Its options would extend past its end. That does not affect checksums, but the card reads no such header.
    private static bool IsCutTcp(byte[] frame, in FrameHeaders headers) =>
        headers.Protocol == FrameHeaders.Tcp
        && (frame[headers.SegmentStart + 12] >> 4) * 4 > headers.SegmentLength;
}
