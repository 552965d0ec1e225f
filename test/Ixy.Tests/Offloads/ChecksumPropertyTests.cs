using System.Buffers.Binary;

namespace Ixy.Tests;

/// <summary>The checksum code against a sum computed word by word.</summary>
public sealed class ChecksumPropertyTests
{
    [Fact]
    public void TheSumIsTheOneThatIsAddedUpWordByWord() => Property.Holds<byte[]>(AssertSum, tests: 1000);

    [Fact]
    public void SoItIsForEveryLengthAndForAllOnes()
    {
        var random = new Random(7);
        byte[] bytes = new byte[2000];
        for (int length = 0; length < bytes.Length; length++)
        {
            random.NextBytes(bytes);
            AssertSum(bytes[..length]);
            AssertSum([.. Enumerable.Repeat((byte)0xFF, length)]);
        }
    }

    [Fact]
    public void ACompletedChecksumIsRightAndNeverZero() => Property.Holds<byte[]>(bytes =>
    {
        byte[] segment = [.. new byte[8], .. bytes];
        InternetChecksum.Complete(segment, 6);
        Assert.Equal(0xFFFF, OffloadFrame.Sum(segment));
        Assert.NotEqual(0, BinaryPrimitives.ReadUInt16BigEndian(segment.AsSpan(6)));
    }, tests: 1000);

    public static TheoryData<string> Frames => [.. OffloadFrame.All.Select(frame => frame.Name)];

    // What the reader finds, and how software completes a checksum that no device completes.
    [Theory]
    [MemberData(nameof(Frames))]
    public void HeadersAreFoundAndChecksumsMade(string name)
    {
        var frame = OffloadFrame.All.Single(frame => frame.Name == name);
        byte[] bytes = frame.Unfinished;
        var headers = new FrameHeaders();
        Assert.False(headers.Read(bytes, withTransport: true).IsRefused);
        Assert.Equal(
            (frame.Ip, frame.L4, frame.Protocol, frame.IsIPv4),
            (headers.MacLength, headers.SegmentStart, headers.Protocol, headers.IsIPv4));
        Assert.Equal(
            (frame.End - frame.L4, frame.ChecksumAt),
            (headers.SegmentLength, headers.SegmentStart + headers.ChecksumOffset));
        bool isLeft = frame.End == bytes.Length;
        headers.StartSegmentChecksum(bytes, complete: !isLeft);
        if (isLeft) InternetChecksum.Complete(bytes.AsSpan(headers.SegmentStart), headers.ChecksumOffset);
        if (headers.IsIPv4)
        {
            headers.ClearIpChecksum(bytes);
            headers.WriteIpChecksum(bytes);
        }
        Assert.Equal(frame.Bytes, bytes);
    }

    // Whatever the bytes are: a frame that is read contains its whole segment, and one that is not read says why.
    [Fact]
    public void NoBytesLeadOutsideOfTheFrame() => Property.Holds<(byte[] Noise, int Kind, int Length)>(input =>
    {
        byte[] bytes = [.. OffloadFrame.All[(int)((uint)input.Kind % OffloadFrame.All.Count)].Bytes];
        for (int i = 0; i + 1 < input.Noise.Length; i += 2)
            bytes[12 + input.Noise[i] % Math.Min(60, bytes.Length - 12)] = input.Noise[i + 1];
        var frame = bytes.AsSpan(0, (int)((uint)input.Length % (uint)(bytes.Length + 1)));
        var headers = new FrameHeaders();
        if (headers.Read(frame, withTransport: true) is { IsRefused: true } problem)
        {
            Assert.NotEmpty(problem.ToString());
            return;
        }
        Assert.InRange(headers.SegmentStart, 34, frame.Length);
        Assert.InRange(headers.SegmentLength, headers.ChecksumOffset + 2, frame.Length - headers.SegmentStart);
        headers.StartSegmentChecksum(frame, complete: true);
    }, tests: 3000);

    private static void AssertSum(byte[] bytes) =>
        Assert.Equal(OffloadFrame.Sum(bytes), BinaryPrimitives.ReverseEndianness((ushort)InternetChecksum.Sum(bytes)));
}
