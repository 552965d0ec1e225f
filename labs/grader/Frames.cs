using System.Buffers.Binary;

namespace Ixy.Labs.Grader;

/// <summary>Frames of the lab: numbered, and with content that follows from their number and the seed.</summary>
internal static class Frames
{
    internal const int Shortest = 60, Longest = 1514;

    /// <summary>The address of the student's card, of which the lab's frames know.</summary>
    internal const string CardAddress = "02:00:00:00:82:99", OtherAddress = "02:00:00:00:82:98";

    private static readonly byte[] s_card = [2, 0, 0, 0, 0x82, 0x99], s_broadcast = [255, 255, 255, 255, 255, 255];

    /// <summary>Frame <paramref name="number"/> of a run.</summary>
    internal static byte[] Make(Trial trial, int number, int length, bool isBroadcast = false)
    {
        byte[] frame = new byte[length];
        new Random(unchecked((int)trial.Seed * 1_000_003 + number)).NextBytes(frame);
        (isBroadcast ? s_broadcast : s_card).CopyTo(frame, 0);
        ((ReadOnlySpan<byte>)[2, 0, 0, 0, 0, 1, 0x88, 0xB5]).CopyTo(frame.AsSpan(6));
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(14), number);
        return frame;
    }

    /// <summary>Frames with lengths drawn from the seed, the first and the last of the extremes.</summary>
    internal static byte[][] Draw(Trial trial, int count, int longest = Longest, int shortest = Shortest) => [
        .. Enumerable.Range(0, count).Select(number => Make(trial, number,
            number == 0 ? shortest : number == 1 ? longest : trial.Draw(shortest, longest)))];

    /// <summary>So many frames, in words.</summary>
    internal static string Count(long count) => count == 1 ? "1 frame" : $"{count} frames";

    /// <summary>Which of the frames it is; -1 for none of them.</summary>
    internal static int Find(byte[][] frames, ReadOnlySpan<byte> frame)
    {
        for (int i = 0; i < frames.Length; i++)
        {
            if (frame.SequenceEqual(frames[i])) return i;
        }
        return -1;
    }

    /// <summary>Which of the frames has such a beginning; -1 for none of them.</summary>
    internal static int FindStart(byte[][] frames, ReadOnlySpan<byte> frame)
    {
        const int Enough = 40;
        for (int i = 0; i < frames.Length; i++)
        {
            if (frame.Length >= Enough && frame[..Enough].SequenceEqual(frames[i].AsSpan(0, Enough))) return i;
        }
        return -1;
    }

    /// <summary>What is wrong with a frame in place of another.</summary>
    internal static string Compare(byte[] expected, ReadOnlySpan<byte> found)
    {
        if (found.Length == expected.Length + 4 && found[..expected.Length].SequenceEqual(expected))
            return $"it has {found.Length} bytes: the FCS, four bytes, is not part of it";
        int common = found.CommonPrefixLength(expected);
        if (common == Math.Min(found.Length, expected.Length))
            return $"it has {found.Length} bytes, and was sent with {expected.Length}";
        return found.Length != expected.Length
            ? $"it has {found.Length} bytes, and was sent with {expected.Length}; they differ from byte {common} on"
            : $"its bytes differ from byte {common} on: 0x{found[common]:x2}, and 0x{expected[common]:x2} was sent";
    }
}
