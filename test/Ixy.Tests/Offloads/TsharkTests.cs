using Ixy.Captures;
using Ixy.Simulation;

namespace Ixy.Tests;

/// <summary>What Wireshark says about frames that a simulated card sent into a capture.</summary>
public sealed class TsharkTests
{
    private const string Good = "1", Bad = "0";

    [SkippableTheory]
    [InlineData("sim:ixgbe")]
    [InlineData("sim:virtio")]
    [InlineData("sim:virtio,packed=on")]
    [InlineData("sim:virtio-legacy")]
    public void ChecksumsAndTagsAreGood(string card)
    {
        Tool.SkipWithoutTshark();
        using var file = new TemporaryFile();
        OffloadFrame[] frames = [.. OffloadFrame.All.Where(frame => frame.Bytes.Length <= 1514)];
        using (var device = Open($"{card},wire=pcap:>{file.Path}"))
        {
            Transmit(device, frames, PacketFlags.InsertIpChecksum | PacketFlags.InsertL4Checksum);
            Transmit(device, frames, PacketFlags.Requests);
        }
        var found = Judge(file.Path);
        Assert.Equal(
            frames.Select(frame => Expected(frame, Good, ""))
            .Concat(frames.Select((frame, i) => Expected(frame, Good, $"{i + 1}"))), found);
    }

    // The same frames and the same judge, but no offloads.
    [SkippableFact]
    public void WithoutTheOffloadsTheyAreBad()
    {
        Tool.SkipWithoutTshark();
        using var file = new TemporaryFile();
        using (var writer = PcapngWriter.Create(file.Path))
        {
            foreach (var frame in OffloadFrame.All) writer.Write(frame.Unfinished, 0);
        }
        Assert.Equal(OffloadFrame.All.Select(frame => Expected(frame, Bad, "")), Judge(file.Path));
    }

    // If a frame already has a tag, the first one counts.
    private static (string, string, string, string) Expected(OffloadFrame frame, string status, string vlan)
    {
        bool isTagged = frame.Ip > 14;
        string own = isTagged ? $"{(frame.Bytes[14] & 15) << 8 | frame.Bytes[15]}" : "";
        return (frame.IsIPv4 ? status : "", frame.Protocol == OffloadFrame.Tcp ? status
            : "", frame.Protocol == OffloadFrame.Udp ? status : "",
            vlan.Length > 0 ? vlan : frame.Name.Contains("two") ? "3" : own);
    }

    private static (string, string, string, string)[] Judge(string path)
    {
        string output = Tool.Run("tshark", "-r", path,
            "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-T",
            "fields", "-E", "occurrence=f",
            "-e", "ip.checksum.status", "-e", "tcp.checksum.status", "-e", "udp.checksum.status", "-e", "vlan.id");
        return [.. output.TrimEnd('\n').Split('\n').Select(line => line.Split('\t'))
            .Select(part => (part[0], part[1], part[2], part[3]))];
    }

    private static NetworkDevice Open(string specifier)
    {
        SimulatedCards.Register();
        var device = NetworkDevice.Open(
            specifier, DriverBench.Defaults with { Offloads = Offloads.TransmitChecksum | Offloads.VlanInsert });
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)), "no link");
        return device;
    }

    private static void Transmit(NetworkDevice device, OffloadFrame[] frames, PacketFlags flags)
    {
        var packets = new Packet[frames.Length];
        Assert.Equal(frames.Length, device.ReceiveQueues[0].Pool.Allocate(packets));
        for (int i = 0; i < frames.Length; i++)
        {
            (packets[i].Length, packets[i].Flags, packets[i].VlanTag) =
                (frames[i].Bytes.Length, flags, (ushort)(i + 1));
            frames[i].Unfinished.CopyTo(packets[i].Data);
        }
        Assert.Equal(frames.Length, device.Transmit(packets));
        DriverBench.Until(() => device.TransmitQueues[0].IsDrained, "drained");
    }
}
