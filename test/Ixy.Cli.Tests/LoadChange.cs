using System.Buffers.Binary;
using System.Diagnostics;

namespace Ixy.Cli.Tests;

/// <summary>
/// Idle, 1 Mpps, idle, a hundred times, over a card with a loopback wire: this thread sends, another one receives and
/// sleeps whenever it can. Every packet has to come back, in order.
/// </summary>
internal sealed class LoadChange(NetworkDevice device, PacketPool pool)
{
    internal const int Rounds = 100, Burst = 300 * Batch;
    // At most half a ring of packets is on the way: none is lost, however long the receiver has no core.
    private const int PerMillisecond = 1000, Batch = 32, Window = 2048;

    private static readonly byte[] s_frame = DriverBench.Frame(0);
    private readonly ReceiveQueue _queue = device.ReceiveQueues[0];
    private int _received, _outOfOrder;
    private TimeSpan _underLoad;
    private volatile bool _stops;

    /// <summary>Packets per second while there was load, from the first one sent to the last one received.</summary>
    internal double Rate => Rounds * (double)Burst / _underLoad.TotalSeconds;

    internal static NetworkDeviceOptions Options =>
        DriverBench.Defaults with { Interrupts = true, CheckedPools = false, RingSize = 4096, PoolSize = 16384 };

    /// <summary>The sender's pool: buffers are taken and returned on one thread. Disposed after the device.</summary>
    internal static PacketPool Pool() => new(new PacketPoolOptions { Count = 16384, BufferSize = 2048, Name = "load" });

    internal async Task Run()
    {
        var receiver = Task.Factory.StartNew(
            Receive, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            for (int round = 0; round < Rounds && !receiver.IsCompleted; round++) RunOnce(round * Burst, receiver);
        }
        finally
        {
            _stops = true;
            await receiver;
        }
        Assert.Equal(0, _outOfOrder);
    }

    private void RunOnce(int first, Task receiver)
    {
        DriverBench.Until(SleepsOn, "sleep");
        long start = Stopwatch.GetTimestamp();
        Send(first);
        DriverBench.Until(
            () => Volatile.Read(ref _received) == first + Burst
            || receiver.IsCompleted, $"packets {first} to {first + Burst}");
        _underLoad += Stopwatch.GetElapsedTime(start);
    }

    // Nothing has woken the receiver for a while.
    private bool SleepsOn()
    {
        long before = _queue.Waits;
        Thread.Sleep(10);
        return before > 0 && _queue.Waits == before;
    }

    // A fixed number every millisecond, evenly spaced.
    private void Send(int first)
    {
        var batch = new Packet[Batch];
        long start = Stopwatch.GetTimestamp();
        for (int sent = 0; sent < Burst; sent += Batch)
        {
            while (Stopwatch.GetElapsedTime(start).TotalMilliseconds * PerMillisecond < sent) Thread.Yield();
            DriverBench.Until(() => first + sent - Volatile.Read(ref _received) <= Window, "packets on the way");
            DriverBench.Until(() => pool.Available >= Batch || device.Transmit([]) != 0, "buffers");
            pool.Allocate(batch);
            for (int i = 0; i < Batch; i++)
            {
                batch[i].Length = s_frame.Length;
                s_frame.CopyTo(batch[i].Data);
                BinaryPrimitives.WriteInt32BigEndian(batch[i].Data[26..], first + sent + i);
            }
            int taken = 0;
            DriverBench.Until(() => (taken += device.Transmit(batch.AsSpan(taken))) == Batch, "room in the ring");
        }
    }

    private void Receive()
    {
        var batch = new Packet[Batch];
        while (!_stops)
        {
            int count = _queue.Receive(batch, TimeSpan.FromMilliseconds(500));
            for (int i = 0; i < count; i++)
            {
                if (BinaryPrimitives.ReadInt32BigEndian(batch[i].Data[26..]) != _received + i) _outOfOrder++;
            }
            PacketPool.Free(batch.AsSpan(0, count));
            Volatile.Write(ref _received, _received + count);
        }
    }
}
