using System.Buffers.Binary;
using System.Diagnostics;

namespace Ixy.Vm.Tests.Traffic;

/// <summary>The packets that <c>ixy pktgen</c> sends, as the host sees them.</summary>
internal static class TestPackets
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Receives everything that one <c>ixy pktgen --json</c> sends, each packet once and in order, and waits for its
    /// end.
    /// </summary>
    internal static void ReceiveAll(EthernetPort port, GuestJob pktgen, int count, int size)
    {
        var numbers = Receive(port, count, size);
        // Its output so far helps to tell a link that never comes up from lost frames.
        Assert.True(numbers.SequenceEqual(Enumerable.Range(0, count)),
            $"{numbers.Count} of {count} packets came: {string.Join(" ", numbers.Take(100))}; pktgen: "
            + $"{pktgen.Output}{pktgen.Error}");
        Assert.Contains($"\"txPackets\":{count}", pktgen.Wait().Succeeded());
    }

    // The packets' numbers in order of arrival; fewer if some do not arrive.
    private static List<int> Receive(EthernetPort port, int count, int size)
    {
        var numbers = new List<int>();
        byte[] frame = new byte[EthernetPort.LongestFrame];
        long start = Stopwatch.GetTimestamp();
        while (numbers.Count < count && Stopwatch.GetElapsedTime(start) < s_patience)
        {
            port.WaitForFrame(TimeSpan.FromMilliseconds(100));
            int length;
            while ((length = port.TryReceive(frame)) > 0) numbers.Add(Number(frame.AsSpan(0, length), size));
        }
        return numbers;
    }

    // A broadcast UDP frame, filled with x up to the number in its last four bytes.
    private static int Number(ReadOnlySpan<byte> frame, int size)
    {
        const int type = 12, payload = 42;
        Assert.Equal(size, frame.Length);
        Assert.Equal(-1, frame[..6].IndexOfAnyExcept((byte)0xFF));
        Assert.Equal(0x0800, BinaryPrimitives.ReadUInt16BigEndian(frame[type..]));
        Assert.Equal(-1, frame[payload..^4].IndexOfAnyExcept((byte)'x'));
        return BinaryPrimitives.ReadInt32BigEndian(frame[^4..]);
    }
}
