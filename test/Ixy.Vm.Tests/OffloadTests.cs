using Ixy.Captures;
using Ixy.Testing.Cards;

namespace Ixy.Vm.Tests;

/// <summary>
/// Checksum and VLAN offloads with QEMU's virtio-net: frames of every kind go from one of the guest's devices through
/// TAP interfaces and a bridge of the host to another one. Only those of QEMU's back ends that carry virtio headers
/// offer checksums: TAP is one.
/// </summary>
[Collection(GuestCollection.Name)]
public sealed class OffloadTests(GuestPool guests)
{
    private const int LockedMiB = 128, FirstTag = 100;
    private const string Good = "1", Checksums = "InsertIpChecksum,InsertL4Checksum",
        ChecksumsAndTags = Checksums + ",InsertVlan";
    // Except a TCP checksum of zero, which Linux replaces as for UDP when it completes it.
    private static readonly OffloadFrame[] s_frames =
        [.. OffloadFrame.All.Where(
            frame => frame.Bytes.Length <= 1514 && !frame.Name.StartsWith("TCP whose sum")
            && !frame.Name.StartsWith("TCP over IPv6 whose sum"))];

    // The receiving device has not negotiated GUEST_CSUM, so whatever the field holds was completed by somebody.
    [SkippableFact]
    public void ChecksumsThatTheDeviceMadeAreGood()
    {
        var arrived = Exchange(Checksums, "None");
        AssertArrived(arrived, s_frames.Select(frame => ("None", "0", frame.Bytes[..frame.End])));
        AssertTsharkFindsThemGood(arrived);
    }

    [SkippableFact]
    public void SoTheyAreWithTags()
    {
        var arrived = Exchange(ChecksumsAndTags, "None");
        AssertArrived(
            arrived, s_frames.Select((frame, i) => ("None", "0", Tagged(frame.Bytes[..frame.End], FirstTag + i))));
        AssertTsharkFindsThemGood(arrived);
    }

    // With GUEST_CSUM the host passes them on incomplete (NEEDS_CSUM), and the driver completes them. Checksums that
    // the sending driver made in software arrive complete and unchecked.
    [SkippableFact]
    public void ChecksumsThatAreOnlyBegunAreCompletedOnReceipt()
    {
        var arrived = Exchange(ChecksumsAndTags, "ReceiveChecksum,VlanStrip");
        AssertArrived(
            arrived, s_frames.Select((frame, i) => (Flags(frame), $"{FirstTag + i}", frame.Bytes[..frame.End])));
        AssertTsharkFindsThemGood(arrived);

        static string Flags(OffloadFrame frame) =>
            frame.End == frame.Bytes.Length ? "L4ChecksumGood, VlanStripped" : "VlanStripped";
    }

    private (string Flags, string Tag, string Frame)[] Exchange(string requests, string receiving)
    {
        var guest = guests.Get(MultiQueueMachine.Machine);
        string from = GuestMachine.Address(0), to = GuestMachine.Address(1);
        guest.BindToVfio(from);
        guest.BindToVfio(to);
        guest.Run("cat > /tmp/frames << "
            + $"end\n{string.Join('\n', s_frames.Select(frame => Convert.ToHexString(frame.Unfinished)))}\nend")
            .Succeeded();
        using var bridge = new HostBridge((TapPort)guest.Port(0), (TapPort)guest.Port(1));
        var facts = ProbeFacts.Run(guest, $"offload {from} {to} /tmp/frames {requests} {receiving}", LockedMiB);
        facts.AssertAll(("done", "offload"));
        return [.. facts.All("frame").Select(frame => frame.Split(';'))
            .Select(part => part is [var flags, var tag, var bytes] ? (flags, tag, bytes) : ("lost", "", ""))];
    }

    // A host that filters on bridges (br_netfilter) cuts off what follows the IP packet.
    private static void AssertArrived(
        (string Flags, string Tag, string Frame)[] arrived,
        IEnumerable<(string Flags, string Tag, byte[] Frame)> expected)
    {
        var whole = expected.Select(frame => (frame.Flags, frame.Tag, Convert.ToHexString(frame.Frame))).ToArray();
        Assert.Equal(whole.Length, arrived.Length);
        Assert.Equal(
            whole, arrived.Zip(
                whole, (found, frame) =>
                (found.Flags, found.Tag, found.Frame[..Math.Min(found.Frame.Length, frame.Item3.Length)])));
    }

    private static byte[] Tagged(byte[] frame, int tag) =>
        [.. frame[..12], 0x81, 0x00, (byte)(tag >> 8), (byte)tag, .. frame[12..]];

    private static void AssertTsharkFindsThemGood((string Flags, string Tag, string Frame)[] arrived)
    {
        Skip.IfNot(HostTool.Exists("tshark"), "tshark is not installed (apt install tshark)");
        string path = Path.GetTempFileName();
        try
        {
            using (var writer = PcapngWriter.Create(path))
            {
                foreach (var (_, _, frame) in arrived) writer.Write(Convert.FromHexString(frame), 0);
            }
            var (exitCode, output, error) = HostTool.TryRun(new("tshark", ["-r", path,
                "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-T",
                "fields", "-E", "occurrence=f",
                "-e", "ip.checksum.status", "-e", "tcp.checksum.status", "-e", "udp.checksum.status"]));
            Assert.True(exitCode == 0, error);
            Assert.Equal(s_frames.Select(Status), output.TrimEnd('\n').Split('\n'));
        }
        finally
        {
            File.Delete(path);
        }

        static string Status(OffloadFrame frame) => $"{(frame.IsIPv4 ? Good : "")}\t" +
            $"{(frame.Protocol == OffloadFrame.Tcp ? Good : "")}\t{(frame.Protocol == OffloadFrame.Udp ? Good : "")}";
    }
}
