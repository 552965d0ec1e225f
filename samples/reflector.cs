// Sends every frame back to where it came from, one at a time: low latency instead of high throughput. The loop is
// compiled around the device's queues, so that for each packet there is no call to the driver at all.
#:project ../src/Ixy.Simulation
using System.Runtime.InteropServices;
using Ixy;
using Ixy.Simulation;
using Ixy.Vfio;

if (args is not [string name])
{
    Console.Error.WriteLine("usage: reflector.cs DEVICE");
    return 2;
}
var reflector = new Reflector();
void Stop(PosixSignalContext signal) => (signal.Cancel, reflector.Running) = (true, false);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
SimulatedCards.Register();
try
{
    using var device = NetworkDevice.Open(name);
    while (reflector.Running && !device.WaitForLink(TimeSpan.FromSeconds(1))) Console.WriteLine("waiting for the link");
    device.ReceiveQueues[0].Run(device.TransmitQueues[0], ref reflector);
    long refused = device.ReadStatistics().TxDropped;
    Console.WriteLine($"{reflector.Sent - refused} packets sent back, {refused} dropped as unsendable, "
        + $"{reflector.Full} dropped on full rings");
    return 0;
}
// Caught so that the device gets disposed: otherwise the card keeps writing to memory.
catch (PciDeviceException error)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}

/// <summary>What happens between the two queues.</summary>
internal sealed class Reflector : IQueueLoop
{
    internal volatile bool Running = true;
    internal long Sent, Full;

    public void Run<TReceiver, TTransmitter>(TReceiver from, TTransmitter to)
        where TReceiver : struct, IReceiver where TTransmitter : struct, ITransmitter
    {
        Span<byte> destination = stackalloc byte[6];
        while (Running)
        {
            if (!from.TryReceive(out var packet)) continue;
            var frame = packet.Data;
            if (frame.Length >= 12)
            {
                frame[..6].CopyTo(destination);
                frame[6..12].CopyTo(frame);
                destination.CopyTo(frame[6..]);
            }
            if (to.TryTransmitOrDrop(packet)) Sent++;
            else
            {
                packet.Free();
                Full++;
            }
        }
    }
}
