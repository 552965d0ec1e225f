#:project ../src/Ixy.Simulation
using System.Runtime.InteropServices;
using Ixy;
using Ixy.Simulation;
using Ixy.Vfio;

if (args is not [string leftName, string rightName])
{
    Console.Error.WriteLine("usage: forwarder.cs DEVICE DEVICE");
    return 2;
}
bool running = true;
void Stop(PosixSignalContext signal) => (signal.Cancel, running) = (true, false);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
SimulatedCards.Register();
try
{
    using NetworkDevice left = NetworkDevice.Open(leftName), right = NetworkDevice.Open(rightName);
    var second = TimeSpan.FromSeconds(1);
    while (running && !(left.WaitForLink(second) && right.WaitForLink(second))) Console.WriteLine("waiting for the link");
    Span<Packet> batch = stackalloc Packet[32];
    long forwarded = 0, full = 0, shown = 0, time = Environment.TickCount64;
    for (var (from, to) = (left, right); running; (from, to) = (to, from))
    {
        int received = from.Receive(batch);
        int sent = to.TransmitOrDrop(batch[..received]);
        PacketPool.Free(batch[sent..received]); // The ring is full.
        (forwarded, full) = (forwarded + sent, full + received - sent);
        if (Environment.TickCount64 - time < 1000) continue;
        Console.WriteLine($"{(forwarded - shown) / 1e6:F2} Mpps");
        (shown, time) = (forwarded, time + 1000);
    }
    long refused = left.ReadStatistics().TxDropped + right.ReadStatistics().TxDropped;
    Console.WriteLine($"{forwarded - refused} packets forwarded, {refused} dropped as unsendable, {full} dropped on full rings");
    return 0;
}
// Caught so that the devices get disposed: otherwise the card keeps writing to memory.
catch (PciDeviceException error)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
