namespace Ixy.Simulation.Tests.Virtio.Rings;

/// <summary>
/// Which side has to notify the other (virtio 1.2, 2.7.7, 2.7.10, 2.8.10): the device sleeps until it is notified, and
/// says so.
/// </summary>
public sealed class NotificationTests
{
    private const long Long = 100_000;

    public static TheoryData<string> Kinds => Variants.Names;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ASleepingDeviceDoesNotLookAtTheRing(string kind)
    {
        using var bench = Variants.Running(kind);
        AddPacket(bench);
        Assert.True(bench.Transmit.IsNotificationWanted);
        bench.Run(Long);
        Assert.Empty(bench.TestWire.FromCard);
        bench.Transmit.Notify();
        bench.Run(1_000);
        Assert.Single(bench.TestWire.FromCard);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AnAwakeDeviceWantsNoNotificationAndLooksByItself(string kind)
    {
        using var bench = Variants.Running(kind);
        for (int i = 0; i < 50; i++)
        {
            AddPacket(bench);
            if (i == 0) bench.Transmit.Notify();
            else Assert.False(bench.Transmit.IsNotificationWanted);
            bench.Run(3_000);
            Assert.Equal(i + 1, bench.TestWire.FromCard.Count);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ADeviceWithNothingToDoFallsAsleepAgain(string kind)
    {
        using var bench = Variants.Running(kind);
        AddPacket(bench);
        bench.Transmit.Notify();
        bench.Run(Long);
        AddPacket(bench);
        Assert.True(bench.Transmit.IsNotificationWanted);
        bench.Run(Long);
        Assert.Single(bench.TestWire.FromCard); // the second packet waits until the device is notified
        bench.Transmit.Notify();
        bench.Run(1_000);
        Assert.Equal(2, bench.TestWire.FromCard.Count);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ReceptionStopsWithTheBuffersUntilMoreAreNotified(string kind)
    {
        using var bench = Variants.Running(kind);
        bench.Receive.AddWritable(1);
        bench.Receive.NotifyIfWanted();
        bench.Deliver(VirtioBench.Frame(), VirtioBench.Frame());
        bench.Run(Long);
        bench.Receive.AddWritable(1);
        Assert.True(bench.Receive.IsNotificationWanted);
        bench.Run(Long);
        Assert.NotNull(bench.Receive.TakeUsed());
        Assert.Null(bench.Receive.TakeUsed());
        bench.Receive.Notify();
        bench.Run(1_000);
        Assert.NotNull(bench.Receive.TakeUsed());
        Assert.Empty(bench.Rules);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ADriverThatAsksFirstIsNeverForgotten(string kind)
    {
        using var bench = Variants.Running(kind, size: 8);
        var random = new Random(4711);
        var packet = PlacePacket(bench);
        for (int sent = 0; sent < 2_000; sent++)
        {
            AddPacket(bench, packet);
            bench.Transmit.NotifyIfWanted();
            // Sometimes long enough to fall asleep.
            bench.Run(random.Next(0, 30) * 1_000);
            if (bench.TestWire.FromCard.Count <= sent) bench.Run(2_000);
            Assert.Equal(sent + 1, bench.TestWire.FromCard.Count);
            Assert.NotNull(bench.Transmit.TakeUsed());
        }
        Assert.Empty(bench.Rules);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void InterruptsComeAsTheDriverAsks(string kind)
    {
        using var bench = Variants.Running(kind);
        Assert.True(Interrupts(), "first");
        bench.Transmit.AskForInterrupts(false);
        Assert.False(Interrupts(), "never");
        bench.Transmit.AskForInterrupts(true);
        Assert.True(Interrupts(), "always, or the next");
        if (!bench.Has(VirtioBench.EventIndex)) return;
        // The third buffer passes the event index.
        bench.Transmit.AskForInterrupts(true, after: 2);
        Assert.Equal([false, false, true, false], [Interrupts(), Interrupts(), Interrupts(), Interrupts()]);

        bool Interrupts()
        {
            AddPacket(bench);
            bench.Transmit.NotifyIfWanted();
            bench.Run(2_000);
            Assert.NotNull(bench.Transmit.TakeUsed());
            return bench.Read(bench.IsLegacy ? 0x13u : VirtioBench.Isr, 1) == 1;
        }
    }

    // 2.7.10.1, 2.8.10: the third buffer from here on, which is added together with the second, at any position in the
    // ring.
    [Theory]
    [MemberData(nameof(Kinds))]
    public void AnEventIsPassedWhereverTheRingEnds(string kind)
    {
        using var bench = Variants.Running(kind, size: 8);
        var packet = PlacePacket(bench);
        bool always = !bench.Has(VirtioBench.EventIndex);
        for (int round = 0; round < 50; round++)
        {
            bench.Transmit.AskForInterrupts(true, after: 2);
            Assert.Equal((round, always), (round, Interrupts(1)));
            Assert.Equal((round, true), (round, Interrupts(2)));
        }

        bool Interrupts(int packets)
        {
            for (int i = 0; i < packets; i++) AddPacket(bench, packet);
            bench.Transmit.NotifyIfWanted();
            bench.Run(2_000);
            for (int i = 0; i < packets; i++) Assert.NotNull(bench.Transmit.TakeUsed());
            return bench.Read(bench.IsLegacy ? 0x13u : VirtioBench.Isr, 1) == 1;
        }
    }

    [Fact]
    public void UnknownEventFlagsAreReported()
    {
        using var bench = VirtioBench.Running(new() { IsPacked = true }, without: VirtioBench.EventIndex);
        bench.Transmit.Put16(bench.Transmit.Driver + 2, 2);
        bench.Send(VirtioBench.Frame());
        Assert.Equal(["event-flags"], bench.Rules);
    }

    private static void AddPacket(VirtioBench bench) => AddPacket(bench, PlacePacket(bench));

    private static void AddPacket(VirtioBench bench, Piece packet) => bench.Transmit.Add(packet);

    private static Piece PlacePacket(VirtioBench bench)
    {
        byte[] packet = [.. new byte[bench.HeaderLength], .. VirtioBench.Frame()];
        return new(bench.Place(packet), packet.Length, false);
    }
}
