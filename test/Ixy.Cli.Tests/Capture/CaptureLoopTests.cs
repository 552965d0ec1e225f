using Ixy.Captures;
using Ixy.Cli.Capture;
using Ixy.Hosting;
using Ixy.Simulation;

namespace Ixy.Cli.Tests.Capture;

/// <summary>Which frames belong to a capture when it ends.</summary>
public sealed class CaptureLoopTests
{
    private const int Before = 5, OnTheWay = 50;

    // A sender transmits one frame per millisecond, before the end and after it; what arrives within 50 ms of the end
    // counts as on the way.
    [Fact]
    public void WhatIsOnTheWayAtTheEndIsCapturedAndWhatComesLaterIsNot()
    {
        var world = new VirtualWorld(1);
        using var pool = new PacketPool(new() { Count = 1024, BufferSize = 2048 });
        pool.SetTemplate(CaptureFiles.Frame(60, 1));
        using NetworkDevice sender = world.Open("sim:ixgbe,wire=cable:x")
            , receiver = world.Open("sim:ixgbe,wire=cable:x");
        Assert.True(sender.WaitForLink(TimeSpan.FromSeconds(1)) && receiver.WaitForLink(TimeSpan.FromSeconds(1)));
        using var capture = new CaptureFile(Stream.Null, [new()], new() { Clock = world.Clock });
        var loop = new CaptureLoop([receiver], capture, batchSize: 32, long.MaxValue);
        using var loops = new LoopGroup([loop], [receiver]);
        loops.Start(world, new VirtualTime(1, PacketTime: 30, PollTime: 50, WakeTime: 5_000));
        loops.Measure();
        int sent = 0;
        using var sending = world.AddActor(() =>
        {
            var batch = new Packet[1];
            Assert.Equal((1, 1), (pool.Allocate(batch), sender.Transmit(batch)));
            sent++;
            return ActorTurn.Busy(1_000_000);
        });
        world.Advance(TimeSpan.FromMicroseconds(Before * 1_000 - 500));
        Assert.Equal((Before, Before), (sent, capture.Counts(0).Received));
        loops.Finish();
        Assert.Equal(Before + OnTheWay, capture.Counts(0).Received);
        // Frames keep coming, so draining takes the full second it is allowed.
        Assert.Equal((1_000 - OnTheWay, sent), (loop.AfterEnd[0], capture.Counts(0).Received + loop.AfterEnd[0]));
    }
}
