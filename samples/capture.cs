// Writes what a device receives to a pcapng file, which Wireshark and tcpdump read.
#:project ../src/Ixy.Simulation
using System.Runtime.InteropServices;
using Ixy;
using Ixy.Captures;
using Ixy.Simulation;
using Ixy.Vfio;

if (args is not [string name, string path])
{
    Console.Error.WriteLine("usage: capture.cs DEVICE FILE");
    return 2;
}
bool running = true;
void Stop(PosixSignalContext signal) => (signal.Cancel, running) = (true, false);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
SimulatedCards.Register();
try
{
    using var device = NetworkDevice.Open(name, new() { Promiscuous = true });
    while (running && !device.WaitForLink(TimeSpan.FromSeconds(1))) Console.WriteLine("waiting for the link");
    // Another thread writes to the disk, so this one never waits for it.
    using var capture = CaptureFile.Create(path, [CaptureInterface.Of(device)]);
    Span<Packet> batch = stackalloc Packet[32];
    long shown = 0, time = Environment.TickCount64;
    while (running && capture.Failure is null)
    {
        int received = device.Receive(batch);
        if (received > 0) capture.Write(0, batch[..received], capture.Now);
        else capture.WriteOld();
        PacketPool.Free(batch[..received]);
        if (Environment.TickCount64 - time < 1000) continue;
        long captured = capture.Counts(0).Received;
        Console.WriteLine($"{(captured - shown) / 1e6:F2} Mpps");
        (shown, time) = (captured, time + 1000);
    }
    capture.Complete([device.ReadStatistics()]);
    var (_, written, dropped) = capture.Counts(0);
    Console.WriteLine($"{written} packets written to {path}, {dropped} dropped");
    if (capture.Failure is { } failure) Console.Error.WriteLine(failure.Message);
    return capture.Failure is null ? 0 : 1;
}
catch (Exception error) when (error is PciDeviceException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
