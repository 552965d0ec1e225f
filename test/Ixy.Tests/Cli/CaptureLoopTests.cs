using Ixy.Captures;
using Ixy.Cli;
using Ixy.Cli.Capture;
using Ixy.Simulation;

namespace Ixy.Tests.Cli;

/// <summary>Which frames belong to a capture when it ends.</summary>
public sealed class CaptureLoopTests
{
    private const int Several = 5;
    private int _sent;
    private volatile bool _isOver;

    // Somebody sends a frame a millisecond, before the end and after it.
    [Fact]
    public void WhatIsOnTheWayAtTheEndIsCapturedAndWhatComesLaterIsNot() => Attempts.Until(() =>
    {
        (_sent, _isOver) = (0, false);
        SimulatedCards.Register();
        string cable = $"sim:ixgbe,wire=cable:{Guid.NewGuid():N},link-delay=0ms";
        using NetworkDevice sender = NetworkDevice.Open(cable), receiver = NetworkDevice.Open(cable);
        Assert.True(sender.WaitForLink(TimeSpan.FromSeconds(10)) && receiver.WaitForLink(TimeSpan.FromSeconds(10)));
        using var capture = new CaptureFile(Stream.Null, [new()]);
        var loop = new CaptureLoop([receiver], capture, batchSize: 32, long.MaxValue);
        using var loops = new LoopGroup([loop], [receiver]);
        loops.Start();
        loops.Measure();
        var sending = new Thread(() => Send(sender));
        sending.Start();
        try
        {
            Assert.True(SpinWait.SpinUntil(() => capture.Counts(0).Received >= Several, TimeSpan.FromSeconds(10)));
            int sentBefore = Volatile.Read(ref _sent);
            loops.Finish();
            Assert.InRange(capture.Counts(0).Received, sentBefore + Several, int.MaxValue);
            Assert.InRange(loop.AfterEnd[0], Several, int.MaxValue);
        }
        finally
        {
            _isOver = true;
            sending.Join();
        }
    });

    private void Send(NetworkDevice device)
    {
        using var pool = new PacketPool(new() { Count = 1024, BufferSize = 2048 });
        pool.SetTemplate(CaptureFiles.Frame(60, 1));
        var batch = new Packet[1];
        while (!_isOver)
        {
            int allocated = pool.Allocate(batch);
            int taken = device.Transmit(batch.AsSpan(0, allocated));
            PacketPool.Free(batch.AsSpan(taken, allocated - taken));
            Volatile.Write(ref _sent, _sent + taken);
            Thread.Sleep(1);
        }
        while (!device.TransmitQueues[0].IsDrained) Thread.Yield();
    }
}
