using System.Buffers.Binary;
using Ixy.Simulation;
using Ixy.Simulation.Virtio;
using Xunit.Abstractions;
using static Ixy.Tests.Virtio.VirtioTrafficTests;

namespace Ixy.Tests.Virtio;

/// <summary>
/// A virtio device that the previous driver left in the middle of anything, with anything in its fields: ours starts as
/// on a new one.
/// </summary>
public sealed class VirtioLeftoverTests(ITestOutputHelper output)
{
    private const int Frames = 10_000, Portion = 250;

    private static readonly MacAddress s_own = new(new VirtioCardOptions().MacAddress),
        s_station = new(0x02_AA_BB_CC_DD_01),
        s_group = new(0x01_00_5E_01_02_03);

    /// <summary>How far the previous driver got, and how it ended.</summary>
    public enum Stage
    {
        PowerOn,
        Acknowledged,
        Driver,
        HalfNegotiated,
        FeaturesOk,
        QueuesEnabled,
        Running,
        Filtering,
        InTheMiddle,
        NeedsReset,
        GivenUp,
        ResetNotAwaited,
        StatusFilled,
    }

    /// <summary>What it wrote to every field.</summary>
    public enum Pattern
    {
        Zeroes,
        Ones,
        Seed1,
        Seed2,
        Seed3,
    }

    public static TheoryData<Variant, int, Stage, Pattern> Everything()
    {
        var data = new TheoryData<Variant, int, Stage, Pattern>();
        foreach (var (variant, pairs) in Kinds())
        {
            foreach (var stage in Enum.GetValues<Stage>())
            {
                foreach (var pattern in Enum.GetValues<Pattern>()) data.Add(variant, pairs, stage, pattern);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public void TheNextDriverStartsAsOnANewDevice(Variant variant, int pairs, Stage stage, Pattern pattern)
    {
        var wire = new FarEnd();
        // A reset that takes a while, but only for one pattern: most devices are quick.
        var options = Card(
            variant) with
        { QueuePairs = pairs, ResetDuration = pattern == Pattern.Seed2 ? 2_000_000 : 0 };
        using var previous = new PreviousVirtioDriver(options, wire, pattern);
        previous.Leave(stage);
        output.WriteLine($"{previous.Filled} fields written");
        long violations = previous.Card.Violations.Count;
        var function = new SimulatedPciDevice("sim:test", previous.Card);
        int queues = Math.Min(pairs, 2);
        using var device = NetworkDevice.Open(
            function, DriverBench.Defaults with
            {
                Promiscuous = false,
                ReceiveQueues = queues,
                TransmitQueues = queues
            });
        byte[] memory = previous.Memory.ToArray();
        long faults = previous.Card.Dma.Faults;

        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)));
        Assert.Equal(s_own, device.MacAddress);
        wire.FromCard.Clear();
        for (int first = 0; first < Frames; first += Portion) Exchange(device, wire, first);

        Assert.True(previous.Memory.SequenceEqual(memory), "the device wrote to memory of the driver before");
        Assert.Equal((violations, faults), (previous.Card.Violations.Count, previous.Card.Dma.Faults));
    }

    private static IEnumerable<(Variant Variant, int Pairs)> Kinds()
    {
        foreach (var variant in Enum.GetValues<Variant>()) yield return (variant, 1);
        foreach (var variant in new[] { Variant.Legacy, Variant.Split, Variant.Packed }) yield return (variant, 4);
    }

    // Frames to us, to others, and with a tag; only those to others are filtered. The same number is sent.
    private static void Exchange(NetworkDevice device, FarEnd wire, int first)
    {
        wire.Deliver(To(s_station, -1));
        wire.Deliver(To(s_group, -1));
        for (int i = 0; i < Portion; i++) wire.Deliver(To(s_own, first + i));
        byte[] tagged = To(s_own, first);
        new byte[] { 0x81, 0, 0, 7 }.CopyTo(tagged, 12);
        wire.Deliver(tagged);

        var received = new List<int>();
        int tags = 0;
        var batch = new Packet[64];
        DriverBench.Until(() =>
        {
            foreach (var queue in device.ReceiveQueues)
            {
                int count = queue.Receive(batch);
                foreach (var packet in batch.AsSpan(0, count))
                {
                    if (packet.Data[12] == 0x81) tags++;
                    else received.Add(BinaryPrimitives.ReadInt32BigEndian(packet.Data[26..]));
                }
                PacketPool.Free(batch.AsSpan(0, count));
            }
            return received.Count + tags >= Portion + 1;
        }, $"{Portion} frames");
        Assert.Equal(1, tags);
        Assert.Equal(Enumerable.Range(first, Portion), received.Order());

        int share = Portion / device.TransmitQueues.Count;
        for (int i = 0; i < device.TransmitQueues.Count; i++)
            DriverBench.Send(
                device.TransmitQueues[i], device.ReceiveQueues[i].Pool,
                Enumerable.Range(first + i * share, share).Select(number => To(s_station, number)));
        DriverBench.Until(() => wire.FromCard.Count >= Portion, "all sent");
        Assert.Equal(
            Enumerable.Range(first, Portion),
            wire.FromCard.Select(frame => BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(26))).Order());
        wire.FromCard.Clear();
    }

    private static byte[] To(MacAddress destination, int number)
    {
        byte[] frame = DriverBench.Frame(number);
        destination.CopyTo(frame);
        return frame;
    }
}
