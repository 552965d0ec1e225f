namespace Ixy.Simulation.Tests.Virtio.Receive;

/// <summary>Which queue pair a flow uses (virtio 1.2, 5.1.6.5.6.1).</summary>
public sealed class VirtioSteeringTests
{
    [Fact]
    public void FlowsFollowTheQueueThatSentThem()
    {
        using var bench = VirtioBench.Running(new() { QueuePairs = 4 });
        foreach (int queue in new[] { 0, 2, 4, 6 })
        {
            bench.Queues[queue].AddWritable(40);
            bench.Queues[queue].Notify();
        }
        byte[] sent = Udp(1111, 2222), answer = Udp(2222, 1111);
        // Before the driver asks for pairs, everything is received on the first queue.
        bench.Deliver([.. Enumerable.Range(0, 16).Select(port => Udp(port, 80))]);
        for (int i = 0; i < 16; i++) Assert.NotNull(bench.Receive.TakeFrame());
        Assert.Equal(0, ControlQueueTests.Command(bench, 4, 0, 4, 0));
        foreach (int pair in new[] { 2, 3, 1 })
        {
            byte[] packet = [.. new byte[12], .. sent];
            bench.Queues[2 * pair + 1].Add(new Piece(bench.Place(packet), packet.Length, false));
            bench.Queues[2 * pair + 1].Notify();
            bench.Run();
            bench.Deliver(answer);
            Assert.Equal(answer, bench.Queues[2 * pair].TakeFrame());
        }
        bench.Deliver([.. Enumerable.Range(0, 64).Select(port => Udp(port, 80))]);
        Assert.All([0, 2, 4, 6], queue => Assert.NotNull(bench.Queues[queue].TakeFrame()));
        Assert.Empty(bench.Rules);
    }

    [Fact]
    public void PairsBeyondThoseAskedForAreNotUsed()
    {
        using var bench = VirtioBench.Running(new() { QueuePairs = 2 });
        bench.Queues[3].Notify();
        bench.Run();
        Assert.Equal(["notify-of-unused-pair"], bench.Rules);
    }

    [Fact]
    public void PairsAreConfiguredBeforeTheyAreAskedFor()
    {
        using var bench = VirtioBench.Negotiated(new() { QueuePairs = 3 });
        foreach (int queue in new[] { 0, 1, 2, 6 }) bench.AddQueue(queue);
        bench.DriverOk();
        Assert.Equal(0, ControlQueueTests.Command(bench, 4, 0, 1, 0));
        Assert.Empty(bench.Rules);
        Assert.Equal(0, ControlQueueTests.Command(bench, 4, 0, 2, 0));
        Assert.Equal(["pair-not-configured"], bench.Rules);
        Assert.Equal("5.1.6.5.6.1", bench.Card.Violations.All[0].Section);
    }

    private static byte[] Udp(int from, int to)
    {
        byte[] frame = VirtioBench.Frame(60, 0);
        ((byte[])[0x08, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0]).CopyTo(frame, 12);
        ((byte[])[10, 0, 0, (byte)(from < to ? 1 : 2), 10, 0, 0, (byte)(from < to ? 2 : 1)]).CopyTo(frame, 26);
        ((byte[])[(byte)(from >> 8), (byte)from, (byte)(to >> 8), (byte)to, 0, 26]).CopyTo(frame, 34);
        return frame;
    }
}
