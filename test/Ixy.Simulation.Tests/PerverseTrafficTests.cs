namespace Ixy.Simulation.Tests;

/// <summary>
/// Our drivers on cards that use all the freedom they have, in virtual time: whatever the seed draws, no frame is lost,
/// changed or reordered, no rule is broken, and no packet is leaked or used twice (the pools are checked).
/// </summary>
public class PerverseTrafficTests
{
    private static readonly TimeSpan s_link = TimeSpan.FromSeconds(2), s_patience = TimeSpan.FromMilliseconds(100);

    public static TheoryData<string> Cards =>
    [
        "sim:ixgbe", "sim:ixgbe,model=x550", "sim:virtio", "sim:virtio,packed=on", "sim:virtio,without=event_idx",
        "sim:virtio,packed=on,without=event_idx", "sim:virtio-legacy",
    ];

    public static TheoryData<string> CardsWithQueues =>
        ["sim:ixgbe", "sim:virtio,queues=4", "sim:virtio,queues=4,packed=on"];

    // Short rings wrap around often.
    [Theory]
    [MemberData(nameof(Cards))]
    public void ForwardsInBothDirections(string card) => PerverseSeeds.Each(card, (seed, specifier) =>
        Forward(seed, specifier, new() { RingSize = 64 }, "count=500,rate=1Mpps", 500));

    [Theory]
    [MemberData(nameof(Cards))]
    public void ForwardsWhatTheLineCarries(string card) => PerverseSeeds.Each(card, (seed, specifier) =>
        Forward(seed, specifier, new() { RingSize = 64 }, "count=500,rate=max,size=1514", 500));

    [Theory]
    [MemberData(nameof(Cards))]
    public void WakesForEachPacket(string card) => PerverseSeeds.Each(card, (seed, specifier) =>
        Forward(seed, specifier, new() { Interrupts = true }, "count=20,rate=2kpps", 20));

    // Packets come while the driver goes to sleep, and the ring has wrapped around since the position at which it wants
    // to be woken.
    [Theory]
    [MemberData(nameof(Cards))]
    public void WakesWhenTheRingHasGoneRound(string card) => PerverseSeeds.Each(card, (seed, specifier) =>
        Forward(seed, specifier, new() { Interrupts = true, RingSize = 64 }, "count=150,rate=100kpps", 150));

    [Theory]
    [MemberData(nameof(CardsWithQueues))]
    public void ForwardsOnSeveralQueues(string card) => PerverseSeeds.Each(card, (seed, specifier) =>
        Forward(
            seed, specifier, new() { ReceiveQueues = 4, TransmitQueues = 4, RingSize = 256 },
            "count=500,rate=1Mpps,flows=16", 500));

    // Rings long enough for the card to report several of the driver's groups of descriptors.
    [Theory]
    [InlineData("sim:ixgbe")]
    [InlineData("sim:ixgbe,model=x550")]
    public void ForwardsWithLongRings(string card) => PerverseSeeds.Each(card, (seed, specifier) =>
        Forward(seed, specifier, new() { RingSize = 512 }, "count=1500,rate=max", 1500));

    // Frames that span several buffers.
    [Theory]
    [InlineData("sim:virtio")]
    [InlineData("sim:virtio,packed=on")]
    public void ForwardsFramesOfSeveralBuffers(string card) => PerverseSeeds.Each(card, (seed, specifier) =>
        Forward(
            seed, specifier, new() { BufferSize = 1024, MaxFrameSize = 9018, RingSize = 64 },
            "count=200,rate=100kpps,size=5000", 200));

    private static void Forward(
        ulong seed, string card, NetworkDeviceOptions options, string generator, long count)
    {
        options = options with { CheckedPools = true };
        var world = new VirtualWorld(seed);
        string other = card.Split(",trace=")[0].Replace($"seed={seed}", $"seed={~seed >> 1}", StringComparison.Ordinal);
        using var leftCard = world.OpenCard($"{card},wire=generator,{generator}", waitsToSend: true);
        using var rightCard = world.OpenCard($"{other},wire=generator,{generator}", waitsToSend: true);
        using var left = NetworkDevice.Open(leftCard, options);
        using var right = NetworkDevice.Open(rightCard, options);
        Assert.True(left.WaitForLink(s_link) && right.WaitForLink(s_link), "no link");
        var actors = new List<ForwardingActor>();
        try
        {
            foreach (var (from, to) in new[] { (left, right), (right, left) })
            {
                for (int queue = 0; queue < options.ReceiveQueues; queue++)
                {
                    actors.Add(new(world, from.ReceiveQueues[queue], to.TransmitQueues[queue],
                        sleeps: options.Interrupts));
                }
            }
            SimulatedPciDevice[] cards = [leftCard, rightCard];
            foreach (var one in cards) one.Wire.StartSending();
            world.AdvanceUntil(() => cards.All(one => one.WireStatistics.Received >= count), s_patience);
            // Anything that would arrive twice.
            world.Advance(TimeSpan.FromMicroseconds(200));
            foreach (var one in cards) CheckFrames(one, count);
        }
        finally
        {
            actors.ForEach(actor => actor.Dispose());
        }
        left.Dispose();
        right.Dispose();
        Assert.Empty(leftCard.Violations.All.Concat(rightCard.Violations.All));
    }

    private static void CheckFrames(SimulatedPciDevice card, long count)
    {
        var wire = card.WireStatistics;
        Assert.Equal(
            $"sent {count} received {count} lost 0 reordered 0 duplicated 0 corrupted 0 foreign 0",
            $"sent {wire.Sent} received {wire.Received} lost {wire.Lost} reordered {wire.Reordered} "
            + $"duplicated {wire.Duplicated} corrupted {wire.Corrupted} foreign {wire.Foreign}");
    }
}
