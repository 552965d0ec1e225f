// Three threads, each with a core: one receives, one works, one sends. Packets change hands over two rings; their buffers go
// back to the pool on the thread that sends, and are received into again on the first one.
using Ixy;
using Ixy.Simulation;
using Ixy.Vfio;

if (args is not [string from, string to])
{
    Console.Error.WriteLine("usage: Pipeline FROM TO (devices, as for 'ixy fwd')");
    return 2;
}
using var stop = new ManualResetEventSlim();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Set();
};
SimulatedCards.Register();
using var left = NetworkDevice.Open(from);
using var right = NetworkDevice.Open(to);
// What is sent to a port without a link is lost.
if (!right.WaitForLink(TimeSpan.FromSeconds(10)))
{
    Console.Error.WriteLine($"{right.Name} has no link");
    return 1;
}
var received = new PacketRing(1024);
var worked = new PacketRing(1024);
int[] cores = ThreadPlacement.ChooseCores(3, left.PciDevice.NumaNode);

// Each stage ends after the one before it has, and takes what that has left.
var receiver = PinnedWorker.Start("receive", cores[0], self => Stage.Run(
    self, batch => self.StopRequested ? 0 : left.Receive(batch), batch => received.Enqueue(batch), () => self.StopRequested));
var worker = PinnedWorker.Start("work", cores[1], self => Stage.Run(
    self, received.Dequeue, batch => worked.Enqueue(Work(batch)), () => self.StopRequested && received.Count == 0));
var sender = PinnedWorker.Start("send", cores[2], self => Stage.Run(
    self, worked.Dequeue, batch => right.TransmitOrDrop(batch), () => self.StopRequested && worked.Count == 0));

stop.Wait();
foreach (var stage in new[] { receiver, worker, sender })
{
    stage.RequestStop();
    stage.Join();
}
return 0;

static ReadOnlySpan<Packet> Work(ReadOnlySpan<Packet> batch)
{
    foreach (ref readonly var packet in batch) packet.Data[6] ^= 0;
    return batch;
}

/// <summary>Takes from one place and gives to the next.</summary>
internal static class Stage
{
    internal delegate int Take(Span<Packet> batch);

    internal delegate int Give(ReadOnlySpan<Packet> batch);

    internal static void Run(PinnedWorker self, Take take, Give give, Func<bool> isOver)
    {
        Span<Packet> batch = stackalloc Packet[32];
        while (true)
        {
            bool last = isOver();
            int count = take(batch);
            for (int given = 0; given < count;)
            {
                int now = give(batch[given..count]);
                given += now;
                // The next stage is behind.
                if (now == 0) self.GiveWay();
            }
            if (count > 0) continue;
            if (last) return;
            self.GiveWay();
        }
    }
}
