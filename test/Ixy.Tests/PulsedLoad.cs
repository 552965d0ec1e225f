using System.Diagnostics;
using Ixy.Simulation.Wires;
using Ixy.Vfio;
using static Ixy.Tests.InterruptBench;

namespace Ixy.Tests;

/// <summary>
/// Idle, load, idle, a hundred times, in real time: the generator at the far end of the wire is switched on and off,
/// and one thread, which sleeps whenever it can, sends back what it receives. The wire checks what returns.
/// </summary>
/// <param name="device">The driver's side.</param>
/// <param name="wire">The far end, which is not sending yet.</param>
/// <param name="startsByItself">Whether it starts to send once there is a driver, as a server does.</param>
internal sealed class PulsedLoad(NetworkDevice device, Wire wire, bool startsByItself)
{
    internal const int Rounds = 100;
    internal const string Card = "wire=generator,rate=1Mpps";
    private const int Batch = 32;
    private static readonly TimeSpan s_pulse = TimeSpan.FromMilliseconds(10);

    private readonly ReceiveQueue _queue = device.ReceiveQueues[0];
    private long _sentUnderLoad;
    private volatile bool _stops;

    internal static NetworkDeviceOptions Options =>
        InterruptBench.Options with { CheckedPools = false, RingSize = 4096, PoolSize = 16384 };

    /// <summary>The total time the generator was on, by this machine's clock.</summary>
    internal TimeSpan UnderLoad { get; private set; }

    /// <summary>Packets per second during that time.</summary>
    internal double Rate => _sentUnderLoad / UnderLoad.TotalSeconds;

    /// <summary>
    /// Runs all rounds, and asserts that everything the driver received came back, in order and unchanged. The card may
    /// miss frames while the machine is busy elsewhere.
    /// </summary>
    internal async Task Run()
    {
        var echo = OnThread(Echo);
        try
        {
            Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)));
            if (startsByItself) DriverBench.Until(() => wire.Statistics.Sent > 0, "the first packet");
            wire.StopSending();
            for (int round = 0; round < Rounds && !echo.IsCompleted; round++) RunOnce(round, echo);
        }
        finally
        {
            _stops = true;
            await echo;
        }
        var counted = wire.Statistics;
        Assert.Equal(
            (counted.Sent, 0, 0, 0, 0),
            (counted.Received + counted.Lost, counted.Reordered, counted.Duplicated, counted.Corrupted,
            counted.Foreign));
        Assert.Equal((counted.Received, 0), (_queue.Packets, _queue.Dropped));
    }

    private void RunOnce(int round, Task echo)
    {
        DriverBench.Until(SleepsOn, $"sleep before round {round}");
        long sent = wire.Statistics.Sent, start = Stopwatch.GetTimestamp();
        wire.StartSending();
        Thread.Sleep(s_pulse);
        wire.StopSending();
        UnderLoad += Stopwatch.GetElapsedTime(start);
        _sentUnderLoad += wire.Statistics.Sent - sent;
        DriverBench.Until(() => HasCalmedDown() || echo.IsCompleted, $"the packets of round {round}");
    }

    // What has not come back by now was missed.
    private bool HasCalmedDown()
    {
        long before = wire.Statistics.Received;
        Thread.Sleep(10);
        return before == wire.Statistics.Received && before == _queue.Packets;
    }

    // Nothing has woken the thread for a while.
    private bool SleepsOn()
    {
        long before = _queue.Waits;
        Thread.Sleep(10);
        return before > 0 && _queue.Waits == before;
    }

    private void Echo()
    {
        // Not on the card's core.
        ThreadPlacement.PinToFirstCore();
        var batch = new Packet[Batch];
        while (!_stops)
        {
            int count = _queue.Receive(batch, TimeSpan.FromMilliseconds(500));
            for (int sent = 0; sent < count;) sent += device.Transmit(batch.AsSpan(sent, count - sent));
        }
    }
}
