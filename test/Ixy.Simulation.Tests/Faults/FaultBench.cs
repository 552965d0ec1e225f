namespace Ixy.Simulation.Tests.Faults;

/// <summary>Tests that count what the process has: nothing else runs beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>What the process has of files and DMA memory.</summary>
/// <param name="Descriptors">Event descriptors, sockets and memory files.</param>
/// <param name="Mappings">Chunks of DMA memory that are mapped.</param>
/// <param name="Bytes">Their bytes, all of them present.</param>
internal readonly record struct Resources(int Descriptors, int Mappings, long Bytes)
{
    internal static Resources Now
    {
        get
        {
            var dma = File.ReadLines("/proc/self/maps")
                .Where(line => line.Contains("memfd:ixy-dma", StringComparison.Ordinal))
                .Select(line => line.Split(' ')[0].Split('-')).ToList();
            long bytes = dma.Sum(range => Convert.ToInt64(range[1], 16) - Convert.ToInt64(range[0], 16));
            return new(OpenDescriptors.Count(), dma.Count, bytes);
        }
    }
}

/// <summary>Our driver on a card of a virtual world, whose wire brings back what it sends.</summary>
internal sealed class FaultBench : IDisposable
{
    internal static readonly NetworkDeviceOptions Options = DriverBench.Defaults with { RingSize = 256 };

    private readonly Resources _before;
    private readonly string _specifier;
    private readonly NetworkDeviceOptions _options;
    private readonly int _level;

    /// <param name="card">The card, as in a specifier.</param>
    /// <param name="options">The driver's; <see cref="Options"/> if null.</param>
    /// <param name="seed">The world's.</param>
    /// <param name="wire">Its wire.</param>
    internal FaultBench(
        string card, NetworkDeviceOptions? options = null, ulong seed = 1, string wire = "loopback")
    {
        (_specifier, _options) = ($"sim:{card},wire={wire}", options ?? Options);
        _before = Resources.Now;
        World = new(seed);
        Card = World.OpenCard(_specifier);
        Device = NetworkDevice.Open(Card, _options);
        _level = Level;
        Assert.True(Device.WaitForLink(TimeSpan.FromSeconds(5)), "no link");
    }

    internal VirtualWorld World { get; }

    internal SimulatedPciDevice Card { get; }

    internal NetworkDevice Device { get; }

    /// <summary>Rules that the driver may have broken because of the fault.</summary>
    internal bool BreaksRules { get; set; }

    private int Level =>
        Device.ReceiveQueues.Sum(queue => queue.Pool.Available) + Device.TransmitQueues.Sum(queue => queue.Pending);

    /// <summary>The cards that can have a fault, and our drivers on them.</summary>
    internal static TheoryData<string> CardsWith(string fault)
    {
        var cards = CardFault.All.Single(one => one.Name == fault).Cards;
        Assert.NotEmpty(cards);
        return [.. cards.SelectMany(card => card switch
        {
            "ixgbe" => new[] { "ixgbe", "ixgbe,model=x550" },
            "virtio" => ["virtio", "virtio,packed=on"],
            _ => [card],
        })];
    }

    /// <summary>Nanoseconds of virtual time that something takes.</summary>
    internal TimeSpan Measure(Action action)
    {
        var start = World.Elapsed;
        action();
        return World.Elapsed - start;
    }

    /// <summary>Sends frames on the first queue; the card takes them when the world goes on.</summary>
    internal void Send(int count)
    {
        var packets = new Packet[count];
        Assert.Equal(count, Device.ReceiveQueues[0].Pool.Allocate(packets));
        for (int i = 0; i < count; i++) Fill(ref packets[i], i);
        Assert.Equal(count, Device.Transmit(packets));
    }

    /// <summary>What has come on all queues; its buffers go back.</summary>
    internal int Take(Action<byte[]>? look = null)
    {
        int count = 0;
        var batch = new Packet[32];
        foreach (var queue in Device.ReceiveQueues)
        {
            for (int received; (received = queue.Receive(batch)) > 0; count += received)
            {
                foreach (var packet in batch[..received]) look?.Invoke(packet.Data.ToArray());
                PacketPool.Free(batch.AsSpan(0, received));
            }
        }
        return count;
    }

    /// <summary>Frames pass in both directions, each with its bytes, more than the rings have places for.</summary>
    internal void AssertPasses(int count = 600)
    {
        Assert.True(Device.WaitForLink(TimeSpan.FromSeconds(5)), "no link");
        // What was on its way.
        World.Advance(TimeSpan.FromMilliseconds(1));
        Take();
        int sent = 0, received = 0;
        bool isOver = World.AdvanceUntil(() =>
        {
            if (sent < count && sent - received < 64)
            {
                var packets = new Packet[Math.Min(16, count - sent)];
                Assert.Equal(packets.Length, Device.ReceiveQueues[0].Pool.Allocate(packets));
                for (int i = 0; i < packets.Length; i++) Fill(ref packets[i], sent + i);
                int taken = Device.Transmit(packets);
                PacketPool.Free(packets.AsSpan(taken));
                sent += taken;
            }
            received += Take(frame => Assert.Equal(60, frame.Length));
            return received >= count;
        }, TimeSpan.FromSeconds(1));
        Assert.True(isOver, $"{sent} sent, {received} received");
        Assert.Equal((count, count), (sent, received));
        Device.CheckHealth();
    }

    /// <summary>
    /// Ends: the pools are as full as they were, and the process has what it had before; a new device passes traffic.
    /// </summary>
    public void Dispose()
    {
        Take();
        Assert.Equal(_level, Level);
        EndDevice();
        Assert.Equal(_before, Resources.Now);
        var world = new VirtualWorld(World.Seed);
        using var again = world.Open(_specifier.Split(",wire=")[0] + ",wire=loopback", _options);
        Assert.True(again.WaitForLink(TimeSpan.FromSeconds(5)), "no link again");
    }

    /// <summary>The same where queues can no longer be asked.</summary>
    internal void EndWithoutAnswer()
    {
        EndDevice();
        Assert.Equal(_before, Resources.Now);
        using var again = new FaultBench(_specifier["sim:".Length..].Split(",wire=")[0], _options);
        again.AssertPasses();
    }

    private void EndDevice()
    {
        Device.Dispose();
        if (!BreaksRules) Assert.Empty(Card.Violations.All);
    }

    private static void Fill(ref Packet packet, int number)
    {
        byte[] frame = DriverBench.Frame(number);
        packet.Length = frame.Length;
        frame.CopyTo(packet.Data);
    }
}
