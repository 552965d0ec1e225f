namespace Ixy.Cli.Tests;

/// <summary>
/// Frames that the other port cannot send: anybody on the wire may send them, and they must not end a program.
/// </summary>
[Trait("needs", "time")]
public sealed class HostileFramesTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-hostile-");

    private string Input => Path.Combine(_directory.FullName, "in.pcapng");

    private string Output => Path.Combine(_directory.FullName, "out.pcapng");

    public void Dispose() => _directory.Delete(recursive: true);

    // A full frame with two tags; the MAC counts one of them (82599 datasheet 8.2.3.22.13).
    [Theory]
    [InlineData("sim:ixgbe")]
    [InlineData("sim:ixgbe", "--queues", "2")]
    [InlineData("sim:ixgbe", "--checked")]
    [InlineData("sim:virtio")]
    [InlineData("sim:virtio-legacy")]
    public void AFullFrameWithTwoTagsIsForwarded(string card, params string[] options)
    {
        byte[][] frames = [
            CaptureFiles.Frame(60, 1), Tagged(CaptureFiles.Frame(1514, 2), 1), Tagged(CaptureFiles.Frame(1514, 3), 2),
            CaptureFiles.Frame(60, 4)];
        CaptureFiles.Write(Input, frames);
        var report = JsonReport.Of(
            IxyProcess.Run(
                ["fwd", $"sim:ixgbe,wire=pcap:{Input}", $"{card},wire=pcap:>{Output}", "--duration", "500ms", "--json",
                .. options]));
        Assert.Equal(frames, CaptureFiles.Frames(Output));
        Assert.Equal((4, 4, 0, 0), Counts(report));
    }

    [Theory]
    [InlineData("sim:virtio,mtu=1400")]
    [InlineData("sim:virtio,mtu=1400", "--interrupts")]
    [InlineData("sim:virtio,mtu=1400,packed=on", "--checked")]
    public void WhatTheOtherPortCannotSendIsDroppedAndCounted(string card, params string[] options)
    {
        byte[][] frames = [
            CaptureFiles.Frame(1414, 1), CaptureFiles.Frame(1514, 2), CaptureFiles.Frame(1415, 3),
            CaptureFiles.Frame(60, 4), CaptureFiles.Frame(1514, 5)];
        CaptureFiles.Write(Input, frames);
        var result = IxyProcess.Run(
            ["fwd", $"sim:ixgbe,wire=pcap:{Input}", $"{card},wire=pcap:>{Output}", "--duration", "500ms", "--json",
            .. options]);
        Assert.Equal((5, 2, 3, 3), Counts(JsonReport.Of(result)));
        Assert.Equal([frames[0], frames[3]], CaptureFiles.Frames(Output));
        Assert.Contains(
            $"{card},wire=pcap:>{Output} cannot send 3 of the packets, which were dropped; one of them: a packet of "
            + "1514 bytes cannot be sent: "
            + "expected at most 1414, or 1418 with a VLAN tag", result.Error);
    }

    [Fact]
    public void ReplayDropsAndCountsThem()
    {
        byte[][] frames = [
            CaptureFiles.Frame(60, 1), new byte[1], Tagged(CaptureFiles.Frame(1514, 2), 2),
            Tagged(CaptureFiles.Frame(1514, 2), 3), CaptureFiles.Frame(60, 3)];
        CaptureFiles.Write(Input, frames);
        var result = IxyProcess.Run("replay", Input, $"sim:ixgbe,wire=pcap:>{Output}", "--json");
        var report = JsonReport.Of(result);
        Assert.Equal([frames[0], frames[2], frames[4]], CaptureFiles.Frames(Output));
        var device = report.Device(0);
        Assert.Equal((3, 2, 2), (device.Number("txPackets"), device.Number("txDropped"), device.Number("txRefused")));
        var replay = report.GetProperty("replay");
        Assert.Equal((3, 1, 1), (replay.Number("sent"), replay.Number("tooLong"), replay.Number("tooShort")));
    }

    // Here it is not an accident of the wire, but what the user asked for.
    [Fact]
    public void PktgenSaysThatTheDeviceCannotSendWhatItIsAskedFor()
    {
        var (exitCode, _, error) = IxyProcess.Run(
            "pktgen", "sim:virtio,mtu=1400,wire=loopback", "--size", "1514", "--duration", "1s");
        Assert.Equal(1, exitCode);
        Assert.Contains(
            "ixy: sim:virtio,mtu=1400,wire=loopback: a packet of 1514 bytes cannot be sent: expected at most 1414",
            error);
        Assert.Contains("see --size", error);
    }

    private static (long RxPackets, long TxPackets, long TxDropped, long TxRefused) Counts(
        System.Text.Json.JsonElement report) =>
        (report.Device(0).Number("rxPackets"), report.Device(1).Number("txPackets"),
            report.Device(1).Number("txDropped"), report.Device(1).Number("txRefused"));

    private static byte[] Tagged(byte[] frame, int tags)
    {
        for (int i = 0; i < tags; i++) frame = OffloadBench.Tagged(frame, (ushort)(100 + i));
        return frame;
    }
}
