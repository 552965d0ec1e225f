using System.Diagnostics;
using Ixy.Vfio;

namespace Ixy.Vm.Probe;

/// <summary>
/// Sends frames one by one from one network card to another through whatever is between them, and reports what arrives:
/// a fact "frame" for each, with the packet's flags, its VLAN tag and the frame.
/// </summary>
internal static class OffloadProbe
{
    private const ushort FirstTag = 100;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <param name="from">The sending card, with all transmit offloads.</param>
    /// <param name="to">The receiving card.</param>
    /// <param name="path">A file with one frame per line, in hexadecimal.</param>
    /// <param name="requests">What each frame requests; VLAN tags start at 100 and count up.</param>
    /// <param name="receiving">Offloads of the receiving card.</param>
    internal static void Run(PciAddress from, PciAddress to, string path, PacketFlags requests, Offloads receiving)
    {
        var options = new NetworkDeviceOptions { RingSize = 256, PoolSize = 512, CheckedPools = true };
        using var sender = NetworkDevice.Open(
            $"{from}", options with { Offloads = Offloads.TransmitChecksum | Offloads.VlanInsert });
        using var receiver = NetworkDevice.Open($"{to}", options with { Offloads = receiving });
        ushort tag = FirstTag;
        foreach (string line in File.ReadLines(path))
        {
            Send(sender, Convert.FromHexString(line), requests, tag++);
            Fact.Print("frame", Receive(receiver));
        }
    }

    private static void Send(NetworkDevice device, byte[] frame, PacketFlags requests, ushort tag)
    {
        if (!device.ReceiveQueues[0].Pool.TryAllocate(out var packet))
            throw new InvalidOperationException("the pool is empty");
        (packet.Length, packet.Flags, packet.VlanTag) = (frame.Length, requests, tag);
        frame.CopyTo(packet.Data);
        if (device.Transmit([packet]) != 1) throw new InvalidOperationException("the ring is full");
    }

    private static string Receive(NetworkDevice device)
    {
        var batch = new Packet[1];
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < s_patience;)
        {
            if (device.Receive(batch) == 0) continue;
            var packet = batch[0];
            ushort tag = (packet.Flags & PacketFlags.VlanStripped) != 0 ? packet.VlanTag : (ushort)0;
            string found = $"{packet.Flags};{tag};{Convert.ToHexString(packet.Data)}";
            packet.Free();
            return found;
        }
        return "lost";
    }
}
