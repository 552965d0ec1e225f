// Three threads, each on its own core: one receives, one works, one sends. Two rings pass the packets along. The
// sending thread returns their buffers to the pool, and the first thread receives into them again.
#:project ../src/Ixy.Simulation
using System.Runtime.InteropServices;
using Ixy;
using Ixy.Simulation;
using Ixy.Vfio;

if (args is not [string from, string to])
{
    Console.Error.WriteLine("usage: pipeline.cs FROM TO");
    return 2;
}
using var stop = new ManualResetEventSlim();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Set();
}
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
SimulatedCards.Register();
try
{
    using NetworkDevice left = NetworkDevice.Open(from), right = NetworkDevice.Open(to);
    var second = TimeSpan.FromSeconds(1);
    while (!stop.IsSet && !(left.WaitForLink(second) && right.WaitForLink(second))) Console.WriteLine("waiting for the link");
    PacketRing received = new(1024), worked = new(1024);
    int[] cores = ThreadPlacement.ChooseCores(3, left.PciDevice.NumaNode);
    // A stage that ends early because its device is gone ends all of them.
    PinnedWorker Start(int i, Stage stage) =>
        PinnedWorker.Start($"stage {i}", cores[i], self => stage.Run(self, stop.Set));
    Stage receive = new(left.Receive, received.Enqueue) { IsSource = true };
    Stage work = new(received.Dequeue, batch => worked.Enqueue(Work(batch)));
    Stage send = new(worked.Dequeue, right.TransmitOrDrop);
    using PinnedWorker first = Start(0, receive), middle = Start(1, work), last = Start(2, send);
    for (long shown = 0, sent; !stop.Wait(second); shown = sent)
    {
        sent = right.ReadStatistics().TxPackets;
        Console.WriteLine($"{(sent - shown) / 1e6:F2} Mpps");
    }
    // In order, so that each stage handles what the one before it left.
    foreach (var worker in new[] { first, middle, last })
    {
        worker.RequestStop();
        worker.Join();
    }
    long refused = right.ReadStatistics().TxDropped;
    Console.WriteLine($"{send.Given - refused} packets sent, {refused} dropped as unsendable, {receive.Dropped + work.Dropped + send.Dropped} dropped at the end");
    return 0;
}
// Caught so that the devices get disposed: otherwise the card keeps writing to memory.
catch (PciDeviceException error)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}

static ReadOnlySpan<Packet> Work(ReadOnlySpan<Packet> batch)
{
    foreach (ref readonly var packet in batch) packet.Data[6] ^= 0;
    return batch;
}

/// <summary>Moves packets from one place to the next, until it is asked to stop and none are left.</summary>
internal sealed class Stage(Stage.Take take, Stage.Give give)
{
    internal delegate int Take(Span<Packet> batch);

    internal delegate int Give(ReadOnlySpan<Packet> batch);

    /// <summary>Never runs out: it ends as soon as it is asked to stop.</summary>
    internal bool IsSource { get; init; }

    internal long Given { get; private set; }

    internal long Dropped { get; private set; }

    internal void Run(PinnedWorker self, Action ended)
    {
        try
        {
            Span<Packet> batch = stackalloc Packet[32];
            while (true)
            {
                bool isOver = self.StopRequested;
                int count = isOver && IsSource ? 0 : take(batch);
                if (count == 0 && isOver) return;
                if (count == 0) self.GiveWay();
                GiveAll(batch[..count], self);
            }
        }
        finally
        {
            ended();
        }
    }

    // Waits while the next stage is behind, except at the end: it may never catch up.
    private void GiveAll(ReadOnlySpan<Packet> batch, PinnedWorker self)
    {
        while (!batch.IsEmpty)
        {
            int given = give(batch);
            Given += given;
            batch = batch[given..];
            if (given > 0) continue;
            if (self.StopRequested)
            {
                PacketPool.Free(batch);
                Dropped += batch.Length;
                return;
            }
            self.GiveWay();
        }
    }
}
