namespace Ixy.Simulation.Tests.Faults;

/// <summary>Tests that count the process's resources: nothing else may run beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>What the process has of files, DMA memory and pages that cannot be moved.</summary>
/// <param name="Descriptors">Event descriptors, sockets and memory files.</param>
/// <param name="Mappings">Chunks of DMA memory that are mapped.</param>
/// <param name="Bytes">Their bytes, all of them present.</param>
/// <param name="Locked">As the kernel prints it: memory that is locked (mlock, and VFIO's mappings).</param>
/// <param name="Pinned">The same for memory that is pinned.</param>
internal readonly record struct Resources(int Descriptors, int Mappings, long Bytes, string Locked, string Pinned)
{
    internal static Resources Now
    {
        get
        {
            var dma = File.ReadLines("/proc/self/maps")
                .Where(line => line.Contains("memfd:ixy-dma", StringComparison.Ordinal))
                .Select(line => line.Split(' ')[0].Split('-')).ToList();
            long bytes = dma.Sum(range => Convert.ToInt64(range[1], 16) - Convert.ToInt64(range[0], 16));
            string[] status = File.ReadAllLines("/proc/self/status");
            return new(OpenDescriptors.Count(), dma.Count, bytes, Find("VmLck:"), Find("VmPin:"));

            string Find(string name) => status.Single(line => line.StartsWith(name, StringComparison.Ordinal));
        }
    }
}

/// <summary>Our driver on a card in a virtual world, whose wire loops back what it sends.</summary>
internal sealed class FaultBench : IDisposable
{
    internal static readonly NetworkDeviceOptions Options = DriverBench.Defaults with { RingSize = 256 };

    private readonly Resources _before;
    private readonly string _specifier;
    private readonly NetworkDeviceOptions _options;
    private readonly int _level;

    /// <param name="card">The card, as in a specifier.</param>
    /// <param name="options">The driver's options; <see cref="Options"/> if null.</param>
    /// <param name="seed">The world's seed.</param>
    /// <param name="wire">The card's wire.</param>
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

    /// <summary>Whether the driver may break rules because of the fault.</summary>
    internal bool BreaksRules { get; set; }

    private int Level =>
        Device.ReceiveQueues.Sum(queue => queue.Pool.Available) + Device.TransmitQueues.Sum(queue => queue.Pending);

    /// <summary>The cards that can have a fault, with the variants that our drivers run on.</summary>
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

    /// <summary>The virtual time that something takes.</summary>
    internal TimeSpan Measure(Action action)
    {
        var start = World.Elapsed;
        action();
        return World.Elapsed - start;
    }

    /// <summary>Sends frames on the first queue; the card takes them when time advances.</summary>
    internal void Send(int count)
    {
        var packets = new Packet[count];
        Assert.Equal(count, Device.ReceiveQueues[0].Pool.Allocate(packets));
        for (int i = 0; i < count; i++) Fill(ref packets[i], i);
        Assert.Equal(count, Device.Transmit(packets));
    }

    /// <summary>Receives from all queues and frees the packets; returns how many there were.</summary>
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

    /// <summary>Asserts that frames pass in both directions, and more of them than the rings hold.</summary>
    internal void AssertPasses(int count = 600)
    {
        Assert.True(Device.WaitForLink(TimeSpan.FromSeconds(5)), "no link");
        // Whatever was still in flight.
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
    /// Asserts that the pools are as full as before and that the process has what it had before; then a new device must
    /// get its link.
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

    /// <summary>The same when the queues no longer answer.</summary>
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
