using System.Runtime.CompilerServices;
using Ixy.Simulation.Recording;

namespace Ixy.Simulation.Tests.Recording;

/// <summary>A recorder that passes events on and keeps none, like that of <c>ixy trace</c>.</summary>
public sealed class PassingOnTests
{
    // Some are alive while something is in progress: descriptors that the card owns, the last register access.
    private const int MostAlive = 50;

    [Fact]
    public void HoweverLongARunIsNoneOfItsEventsStayInMemory()
    {
        var events = new List<WeakReference>();
        var frames = new List<WeakReference>();
        var recorder = Recorder.PassingOn(happened =>
        {
            events.Add(new(happened));
            if (happened is FramePassed passed) frames.Add(new(passed.Frame));
        });
        var world = new VirtualWorld(1, recorder);
        using var device = world.Open("sim:ixgbe,wire=generator,rate=10Mpps", new() { RingSize = 64 });
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(1)));
        ReceiveUntil(world, device, () => events.Count >= 10_000);
        int soon = Alive(events), soonFrames = Alive(frames);
        ReceiveUntil(world, device, () => events.Count >= 60_000);
        // Every frame is a different one.
        Assert.InRange(frames.Count, 5_000, 60_000);
        Assert.InRange(Alive(events), 0, soon + MostAlive);
        Assert.InRange(Alive(frames), 0, soonFrames + MostAlive);
        Assert.InRange(soon, 0, MostAlive);
        Assert.Empty(recorder.Events);
        Assert.Equal((0, 0, 0L), (recorder.Frames.Count, recorder.Rings.Count, recorder.LeftOut));
        Assert.Equal(int.MaxValue, recorder.Limit);
    }

    // The same events, in the same order, as a recorder that keeps them.
    [Fact]
    public void WhatIsHandedOnIsWhatOthersKeep()
    {
        var passed = new List<string>();
        var keeping = new Recorder();
        Run(keeping);
        Run(Recorder.PassingOn(happened => passed.Add($"{happened.Time} {happened.Card} {happened.Text}")));
        Assert.InRange(passed.Count, 1_000, Recorder.DefaultLimit - 1);
        Assert.Equal(keeping.Events.Select(happened => $"{happened.Time} {happened.Card} {happened.Text}"), passed);

        static void Run(Recorder recorder)
        {
            var world = new VirtualWorld(1, recorder);
            using var device = world.Open("sim:ixgbe,wire=generator,count=20", new() { RingSize = 64 });
            Assert.True(device.WaitForLink(TimeSpan.FromSeconds(1)));
            ReceiveUntil(world, device, () => device.ReadStatistics().RxPackets == 20);
        }
    }

    [Fact]
    public void ItNeedsSomebodyToHandThemTo() =>
        Assert.Throws<ArgumentNullException>(() => Recorder.PassingOn(null!));

    // A method of its own, so that none of its variables keeps an event alive.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ReceiveUntil(VirtualWorld world, NetworkDevice device, Func<bool> end)
    {
        var batch = new Packet[32];
        for (int turn = 0; !end(); turn++)
        {
            Assert.True(turn < 100_000, "nothing more happens");
            world.Advance(TimeSpan.FromMicroseconds(1));
            PacketPool.Free(batch.AsSpan(0, device.Receive(batch)));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Alive(List<WeakReference> all)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return all.Count(one => one.IsAlive);
    }
}
