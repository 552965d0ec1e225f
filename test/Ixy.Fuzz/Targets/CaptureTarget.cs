using Ixy.Captures;

namespace Ixy.Fuzz.Targets;

/// <summary>
/// A capture file, for <see cref="CaptureReader"/>. The result must not depend on how many bytes each read of the file
/// returns.
/// </summary>
internal static class CaptureTarget
{
    // MAXIMUM_SNAPLEN of libpcap.
    private const int LongestFrame = 262_144;

    internal static void Run(byte[] input)
    {
        foreach (bool fills in (bool[])[false, true])
        {
            string whole = Read(new MemoryStream(input), fills);
            string piecemeal = Read(new ShortReads(input), fills);
            FuzzException.Require(whole == piecemeal, $"read whole: {whole}; in short reads: {piecemeal}");
        }
    }

    // What the file yielded, and how reading it ended.
    private static string Read(Stream file, bool fills)
    {
        long frames = 0, hash = 17;
        try
        {
            using var reader = CaptureReader.Open(file, "input");
            reader.FillsCutFrames = fills;
            while (reader.Read(out var frame))
            {
                FuzzException.Require(frame.Length <= LongestFrame, $"a frame of {frame.Length} bytes");
                FuzzException.Require(reader.FrameNumber == ++frames, $"frame {frames} is {reader.FrameNumber}");
                FuzzException.Require(fills || !reader.IsFilled, $"frame {frames} was filled up, unasked");
                foreach (byte each in frame) hash = hash * 31 + each;
                hash = hash * 31 + reader.Time + reader.InterfaceId;
            }
            return $"{frames} frames, {hash:x}";
        }
        catch (CaptureFormatException error)
        {
            FuzzException.Require(error.Offset >= 0, $"damage behind byte {error.Offset}");
            return $"{frames} frames, {hash:x}, {error.Message}";
        }
    }

    // Returns a few bytes at a time, as a pipe does.
    private sealed class ShortReads(byte[] bytes) : MemoryStream(bytes)
    {
        // Read(Span<byte>) of a derived class calls this one.
        public override int Read(byte[] buffer, int offset, int count) =>
            base.Read(buffer, offset, Math.Min(count, 3));
    }
}
