using System.Buffers.Binary;
using System.Diagnostics;

namespace Ixy.Vm.Tests;

/// <summary><c>ixy pktgen</c> in a guest: the host sees each packet once, in order, with its number.</summary>
[Collection(GuestCollection.Name)]
public sealed class PktgenTests(GuestPool guests)
{
    private const int Count = 10_000, LockedMiB = 128;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [SkippableTheory]
    [InlineData(60)]
    [InlineData(1514)]
    public void TheHostSeesEveryNumberOnce(int size)
    {
        const int Device = IommuMachine.Virtio;
        var guest = guests.Get(IommuMachine.Machine);
        guest.BindToVfio(GuestMachine.Address(Device));
        var port = guest.Port(Device);
        port.Drain();
        string command = $"ixy pktgen {GuestMachine.Address(Device)} --size {size} --count {Count} --rate 5kpps --json";
        using var pktgen = guest.Start(GuestSetup.AsUser(command, LockedMiB));
        var numbers = ReceiveNumbers(port, size);
        Assert.Equal(Enumerable.Range(0, Count), numbers);
        Assert.Contains($"\"txPackets\":{Count}", pktgen.Wait().Succeeded());
    }

    private static List<int> ReceiveNumbers(EthernetPort port, int size)
    {
        var numbers = new List<int>();
        byte[] frame = new byte[EthernetPort.LongestFrame];
        long start = Stopwatch.GetTimestamp();
        while (numbers.Count < Count && Stopwatch.GetElapsedTime(start) < s_patience)
        {
            port.WaitForFrame(TimeSpan.FromMilliseconds(100));
            int length;
            while ((length = port.TryReceive(frame)) > 0) numbers.Add(Number(frame.AsSpan(0, length), size));
        }
        return numbers;
    }

    // The frame is UDP to everybody, filled with x up to the number in its last four bytes.
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
