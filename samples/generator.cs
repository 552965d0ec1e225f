// Sends numbered, otherwise equal frames as fast as the device takes them. Counts and drops the frames that arrive.
#:project ../src/Ixy.Simulation
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Ixy;
using Ixy.Simulation;
using Ixy.Vfio;

if (args is not [string name])
{
    Console.Error.WriteLine("usage: generator.cs DEVICE");
    return 2;
}
bool running = true;
void Stop(PosixSignalContext signal) => (signal.Cancel, running) = (true, false);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
SimulatedCards.Register();
try
{
    using var device = NetworkDevice.Open(name);
    // Near the card, with more buffers than its transmit ring has descriptors: sent packets come back with a delay.
    using var pool = new PacketPool(new() { Count = 2048, NumaNode = device.PciDevice.NumaNode, Name = "generated packets" });
    pool.SetTemplate(Frame(device.MacAddress));
    while (running && !device.WaitForLink(TimeSpan.FromSeconds(1))) Console.WriteLine("waiting for the link");
    Span<Packet> batch = stackalloc Packet[32];
    long sent = 0, shown = 0, received = 0, time = Environment.TickCount64;
    while (running)
    {
        var packets = batch[..pool.Allocate(batch)];
        for (int i = 0; i < packets.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(packets[i].Data[^4..], (uint)(sent + i));
        int taken = device.Transmit(packets);
        PacketPool.Free(packets[taken..]); // The ring is full; their numbers are reused.
        sent += taken;
        int arrived = device.Receive(batch);
        PacketPool.Free(batch[..arrived]);
        received += arrived;
        if (Environment.TickCount64 - time < 1000) continue;
        Console.WriteLine($"{(sent - shown) / 1e6:F2} Mpps");
        (shown, time) = (sent, time + 1000);
    }
    Console.WriteLine($"{sent} packets sent, {received} received");
    return 0;
}
catch (PciDeviceException error)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}

// 60 bytes, broadcast, with an EtherType reserved for experiments (IEEE 802, 9.2.3).
static byte[] Frame(MacAddress source)
{
    byte[] frame = new byte[60];
    frame.AsSpan(0, 6).Fill(0xFF);
    source.CopyTo(frame.AsSpan(6));
    BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), 0x88B5);
    return frame;
}
