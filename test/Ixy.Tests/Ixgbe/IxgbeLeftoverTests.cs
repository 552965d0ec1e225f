using System.Buffers.Binary;
using Xunit.Abstractions;

namespace Ixy.Tests.Ixgbe;

/// <summary>The previous driver's leftovers are hostile input: all registers are filled before ours starts.</summary>
public sealed class IxgbeLeftoverTests(ITestOutputHelper log)
{
    private const int Frames = 10_000;

    private static readonly MacAddress[] s_foreign =
        [new(0x02_AA_BB_CC_DD_01), new(0x00_1B_21_00_00_7F), new(0x01_00_5E_01_02_03), new(0x33_33_00_00_00_FB)];
    private static readonly MacAddress s_group = new(0x01_00_5E_7F_00_01);

    public static TheoryData<ushort, string> Fills
    {
        get
        {
            var fills = new TheoryData<ushort, string>();
            foreach (ushort model in (ushort[])[0x10FB, 0x1528, 0x1563])
            {
                foreach (string pattern in (string[])["ones", "zeroes", "1", "2", "3"]) fills.Add(model, pattern);
            }
            return fills;
        }
    }

    [Theory]
    [Trait("needs", "time")]
    [MemberData(nameof(Fills))]
    public void AfterAnyFillTheCardDoesWhatTheDriverSays(ushort model, string pattern)
    {
        int filled = 0;
        var options = DriverBench.Defaults with { Promiscuous = false };
        using var bench = new DriverBench(options, new() { DeviceId = model }, function =>
            filled = Leftovers.Fill(function, Leftovers.Pattern(pattern)));
        log.WriteLine($"{filled} registers filled, {bench.Card.Violations.Count} rules broken by that");
        Assert.True(filled > 4_000, $"{filled} registers");
        bench.Device.AddMulticastFilter(s_group);

        var expected = Enumerable.Range(0, Frames).Select(Frame).ToList();
        var received = new List<byte[]>();
        foreach (byte[][] portion in expected.Chunk(40))
        {
            foreach (var address in s_foreign) bench.Wire.Deliver(To(address, portion[0]));
            bench.Wire.Deliver(portion);
            received.AddRange(bench.Receive(portion.Length));
        }
        Assert.Equal(expected, received);
        bench.Wire.FromCard.Clear();
        DriverBench.Send(bench.Device.TransmitQueues[0], bench.Device.ReceiveQueues[0].Pool, expected);
        DriverBench.Until(() => bench.Wire.FromCard.Count == Frames, "all sent");
        DriverBench.Until(() => bench.Device.TransmitQueues[0].IsDrained, "drained");
        Assert.Equal(expected, bench.Wire.FromCard);
        var statistics = bench.Device.ReadStatistics();
        Assert.Equal((Frames, Frames), (statistics.RxPackets, statistics.TxPackets));
        Assert.Equal((0, 0), (statistics.RxMissed, statistics.RxDropped));
        Assert.Equal((0, 0), (statistics.RxCrcErrors, statistics.RxLengthErrors));
    }

    // RSS hash, key and table; interrupt vectors, masks and throttling.
    [Theory]
    [InlineData(0x10FB)]
    [InlineData(0x1563)]
    public void AfterAFillFramesAreSpreadAsEverAndWakeTheirQueues(ushort model)
    {
        int[] spread = Spread(model, null);
        Assert.Equal([0, 1, 2, 3], spread.Distinct().Order());
        Assert.Equal(spread, Spread(model, "ones"));
        Assert.Equal(spread, Spread(model, "4"));
    }

    // Finds each frame's queue by polling, then sleeps on each queue.
    private static int[] Spread(ushort model, string? pattern)
    {
        var options = DriverBench.Defaults with { ReceiveQueues = 4, TransmitQueues = 4, Interrupts = true };
        using var bench = new DriverBench(options, new() { DeviceId = model }, function =>
        {
            if (pattern is not null) Leftovers.Fill(function, Leftovers.Pattern(pattern));
        });
        var queues = bench.Device.ReceiveQueues;
        int[] spread = [.. Enumerable.Range(0, 40).Select(number =>
        {
            var packet = new Packet[1];
            int queue = 0;
            bench.Wire.Deliver(DriverBench.Frame(number));
            DriverBench.Until(() => queues[queue = (queue + 1) % 4].Receive(packet) == 1, "a frame");
            packet[0].Free();
            return queue;
        })];
        for (int i = 0; i < 4; i++) Wake(bench, queues[i], DriverBench.Frame(Array.IndexOf(spread, i)));
        return spread;
    }

    private static void Wake(DriverBench bench, ReceiveQueue queue, byte[] frame)
    {
        var packet = new Packet[1];
        // The first interrupt may belong to frames that were polled.
        long waits = queue.Waits, interrupts = queue.Interrupts;
        var sleeper = Task.Run(() => queue.Receive(packet, TimeSpan.FromSeconds(10)));
        DriverBench.Until(() => queue.Waits > waits, "somebody sleeps");
        bench.Wire.Deliver(frame);
        Assert.Equal(1, sleeper.GetAwaiter().GetResult());
        packet[0].Free();
        DriverBench.Until(() => queue.Interrupts > interrupts, "an interrupt");
    }

    // Frames that protocol filters match: UDP, a TCP SYN, a VLAN tag, another EtherType; sent to the card, to all, or
    // to the group.
    private static byte[] Frame(int number)
    {
        byte[] frame = DriverBench.Frame(number, 64 + number % 200);
        switch (number % 4)
        {
            case 1: (frame[23], frame[47]) = (6, 2); break;
            case 2:
                BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(12), 0x8100_0000 + (uint)(number & 0xFFFF));
                BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(16), 0x88B5);
                break;
            case 3:
                BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), (ushort)(0x8860 + number % 0x779F));
                break;
        }
        if (number % 50 == 1) return To(new(0xFFFF_FFFF_FFFF), frame);
        return number % 50 == 2 ? To(s_group, frame) : frame;
    }

    private static byte[] To(MacAddress address, byte[] frame)
    {
        byte[] copy = [.. frame];
        address.CopyTo(copy);
        return copy;
    }
}
