using Ixy;
using Ixy.Simulation;

bool running = true;
Console.CancelKeyPress += (_, e) => (e.Cancel, running) = (true, false);
SimulatedCards.Register();
using var left = NetworkDevice.Open(args[0]);
using var right = NetworkDevice.Open(args[1]);
Span<Packet> batch = stackalloc Packet[32];
for (var (from, to) = (left, right); running; (from, to) = (to, from))
{
    int received = from.Receive(batch);
    int sent = to.TransmitOrDrop(batch[..received]);
    PacketPool.Free(batch[sent..received]);
}
