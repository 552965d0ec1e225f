using Ixy.Simulation.Ixgbe;
using static Ixy.Tests.Virtio.VirtioTrafficTests;

namespace Ixy.Tests;

/// <summary>
/// Cards of every kind whose receive queues interrupt, with the far end of the wire under the test's control.
/// </summary>
internal static class InterruptBench
{
    internal static readonly NetworkDeviceOptions Options = DriverBench.Defaults with { Interrupts = true };

    /// <summary>The time limit for waits, however busy the machine is.</summary>
    internal static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    internal const string IxgbeKind = "Ixgbe";

    /// <summary>ixgbe, and every kind of virtio card: they differ in how the driver requests an interrupt.</summary>
    public static TheoryData<string> Kinds() => [IxgbeKind, .. Enum.GetNames<Variant>()];

    internal static DriverBench Open(string kind, NetworkDeviceOptions? options = null, int queues = 1)
    {
        options ??= Options;
        return kind == IxgbeKind
            ? new DriverBench(options, new IxgbeCardOptions())
            : new DriverBench(options, Card(Enum.Parse<Variant>(kind)) with { QueuePairs = queues });
    }

    /// <summary>Receives one frame, sleeping if necessary. Returns the number in it.</summary>
    internal static int ReceiveOne(ReceiveQueue queue, Packet[] batch)
    {
        Assert.Equal(1, queue.Receive(batch.AsSpan(0, 1), Long));
        int number = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(batch[0].Data[26..]);
        PacketPool.Free(batch.AsSpan(0, 1));
        return number;
    }

    /// <summary>
    /// Delivers a frame once a thread sleeps on one of the queues, so that only an interrupt can wake it: the last look
    /// before sleeping would find an earlier frame.
    /// </summary>
    internal static Task DeliverOnceAsleep(this DriverBench bench, byte[] frame, IReadOnlyList<ReceiveQueue> queues)
    {
        long before = queues.Sum(queue => queue.Waits);
        return OnThread(() =>
        {
            Assert.True(
                SpinWait.SpinUntil(() => queues.Sum(queue => queue.Waits) > before, Long), "nobody went to sleep");
            bench.Wire.Deliver(frame);
        });
    }

    /// <summary>Runs an action on another thread; its exceptions reach the test through the task.</summary>
    internal static Task OnThread(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
