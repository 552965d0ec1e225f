using System.Runtime.InteropServices;
using System.Text.Json;

namespace Ixy.Cli.Tests.Replay;

/// <summary>
/// <c>ixy replay</c>: frames, times, and what is left out. <c>PcapTests</c> shows that frames are unchanged.
/// </summary>
public sealed class ReplayTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-replay-");

    private string Input => Path.Combine(_directory.FullName, "in.pcapng");

    private string Output => Path.Combine(_directory.FullName, "out.pcapng");

    private string Card => $"sim:ixgbe,wire=pcap:>{Output}";

    [Theory]
    [Trait("needs", "time")]
    [InlineData("original", 1)]
    [InlineData("2x", 0.5)]
    public void TimesAreKept(string speed, double factor)
    {
        const long Gap = 1_000_000;
        const int Frames = 1000;
        CaptureFiles.Write(Input, Enumerable.Range(0, Frames).Select(i => CaptureFiles.Frame(60, (byte)i)), Gap);
        JsonReport.Of(IxyProcess.Run("replay", Input, Card, "--speed", speed, "--virtual-time", "--json"))
            .AssertFaultless();
        var sent = CaptureFiles.Read(Output);
        Assert.Equal(Frames, sent.Count);
        // The card takes a frame in its next turn, within 1 µs. The delays do not accumulate.
        var late = sent.Select((frame, i) => frame.Time - sent[0].Time - (long)(i * Gap * factor)).ToList();
        Assert.All(late, time => Assert.InRange(time, -1_000, 1_000));
    }

    [Theory]
    [Trait("needs", "time")]
    [InlineData("10kpps", 60, 10_000)]
    [InlineData("100M", 1514, 8_127)]
    public void ARateIsKept(string speed, int size, int packetsPerSecond)
    {
        CaptureFiles.Write(
            Input, Enumerable.Range(0, packetsPerSecond / 2).Select(i => CaptureFiles.Frame(size, (byte)i)));
        var report = JsonReport.Of(IxyProcess.Run("replay", Input, Card, "--speed", speed, "--virtual-time", "--json"));
        report.AssertFaultless();
        Assert.Equal(packetsPerSecond / 2, report.GetProperty("replay").Number("sent"));
        // The first packet is due at once, so half a second has one gap fewer than packets.
        Assert.InRange(report.GetProperty("packetsPerSecond").GetDouble(), packetsPerSecond, packetsPerSecond * 1.001);
    }

    [Fact]
    public void FramesThatTheDeviceDoesNotSendAreCounted()
    {
        byte[][] frames = [
            CaptureFiles.Frame(60, 1), CaptureFiles.Frame(1519, 2), CaptureFiles.Frame(1518, 3), new byte[13],
            CaptureFiles.Frame(60, 5)];
        CaptureFiles.Write(Input, frames);
        var result = IxyProcess.Run("replay", Input, Card, "--json");
        var report = JsonReport.Of(result);
        var replay = report.GetProperty("replay");
        Assert.Equal((2, 2), (report.Device(0).Number("txRefused"), report.Device(0).Number("txDropped")));
        Assert.Equal((3, 1, 1), (replay.Number("sent"), replay.Number("tooLong"), replay.Number("tooShort")));
        Assert.Equal([frames[0], frames[2], frames[4]], CaptureFiles.Frames(Output));
        Assert.Contains(
            "cannot send 2 of the packets, which were dropped; one of them: a packet of 13 bytes cannot be sent",
            result.Error);
    }

    [Fact]
    [Trait("needs", "time")]
    public void AnMtuIsALimit()
    {
        CaptureFiles.Write(Input, [CaptureFiles.Frame(1014, 1), CaptureFiles.Frame(1015, 2)]);
        var replay = JsonReport.Of(
            IxyProcess.Run("replay", Input, $"sim:virtio,mtu=1000,wire=pcap:>{Output}", "--json"))
            .GetProperty("replay");
        Assert.Equal((1, 1), (replay.Number("sent"), replay.Number("tooLong")));
        Assert.Single(CaptureFiles.Frames(Output));
    }

    // Both byte orders, microseconds and nanoseconds, several interfaces; a file that is repeated.
    [Theory]
    [Trait("needs", "time")]
    [InlineData(0xA1B2C3D4, true)]
    [InlineData(0xA1B2C3D4, false)]
    [InlineData(0xA1B23C4D, true)]
    [InlineData(0xA1B23C4D, false)]
    [InlineData(0, true)]
    [InlineData(0, false)]
    public void EveryKindOfCaptureIsSent(uint magic, bool bigEndian)
    {
        byte[][] frames = [CaptureFiles.Frame(60, 1), CaptureFiles.Frame(61, 2), CaptureFiles.Frame(200, 3)];
        var file = new CaptureBuilder(bigEndian);
        if (magic != 0) file.PcapHeader(magic).PcapPacket(frames[0]).PcapPacket(frames[1]).PcapPacket(frames[2]);
        else file.Section()
            .Interface().Interface(resolution: 9).Enhanced(frames[0], 1).Enhanced(frames[1], 1).Simple(frames[2]);
        File.WriteAllBytes(Input, file.Bytes);
        JsonReport.Of(IxyProcess.Run("replay", Input, Card, "--loop", "2", "--json")).AssertFaultless();
        Assert.Equal([.. frames, .. frames], CaptureFiles.Frames(Output));
    }

    // Other programs' captures may include the FCS, which a card appends itself.
    [Fact]
    [Trait("needs", "time")]
    public void AnFcsIsNotSent()
    {
        byte[] frame = CaptureFiles.Frame(60, 1), withFcs = [.. frame, 1, 2, 3, 4];
        File.WriteAllBytes(
            Input, new CaptureBuilder(false).Section().Interface(fcsLength: 32).Enhanced(withFcs).Interface()
            .Enhanced(withFcs, 1, options: body => body.Option(2, 4 << 5))
            .Obsolete(withFcs, 1, options: body => body.Option(2, 4 << 5)).Bytes);
        JsonReport.Of(IxyProcess.Run("replay", Input, Card, "--json")).AssertFaultless();
        Assert.Equal([frame, frame, frame], CaptureFiles.Frames(Output));
    }

    [Fact]
    [Trait("needs", "time")]
    public void CutFramesAreRefusedUnlessTheyAreToBeFilled()
    {
        byte[] frame = CaptureFiles.Frame(60, 1);
        File.WriteAllBytes(
            Input, new CaptureBuilder(true).PcapHeader().PcapPacket(frame, 200).PcapPacket(frame)
            .PcapPacket(frame, 1519).Bytes);
        var (exitCode, _, error) = IxyProcess.Run("replay", Input, Card);
        Assert.Equal(1, exitCode);
        Assert.Contains("frame 1 was cut to 60 of 200 bytes", error);
        var result = IxyProcess.Run("replay", Input, Card, "--pad", "--json");
        var replay = JsonReport.Of(result).GetProperty("replay");
        Assert.Equal((2, 1, 1), (replay.Number("sent"), replay.Number("padded"), replay.Number("tooLong")));
        Assert.Contains("1 frames were cut when they were captured, and filled with zeroes (--pad)", result.Error);
        Assert.Equal([[.. frame, .. new byte[140]], frame], CaptureFiles.Frames(Output));
    }

    // One time in the middle is a day ahead, as after a clock adjustment.
    [Fact]
    [Trait("needs", "time")]
    public void ALeapInTheTimesIsBoundedOrToldOnce()
    {
        byte[][] frames = [CaptureFiles.Frame(60, 1), CaptureFiles.Frame(60, 2), CaptureFiles.Frame(60, 3)];
        File.WriteAllBytes(Input, new CaptureBuilder(false).PcapHeader()
            .PcapPacket(frames[0], seconds: 1_700_000_000).PcapPacket(frames[1], seconds: 1_700_065_536)
            .PcapPacket(frames[2], seconds: 1_700_000_000).Bytes);
        var bounded = IxyProcess.Run("replay", Input, Card, "--max-gap", "50ms", "--json");
        Assert.Equal(3, JsonReport.Of(bounded).GetProperty("replay").Number("sent"));
        Assert.DoesNotContain("the next packet is due", bounded.Error);
        Assert.Equal(frames, CaptureFiles.Frames(Output));
        using var patient = IxyProcess.Start("replay", Input, Card);
        patient.WaitForError("note: the next packet is due in 18:12:");
        patient.WaitForOutput("     2  sim:"); // two seconds, and the note is not repeated
        patient.Signal(PosixSignal.SIGINT);
        Assert.Equal(0, patient.WaitForExit());
        Assert.Single(patient.Error.Split('\n'), line => line.Contains("is due in") && line.Contains("--max-gap"));
        Assert.Equal([frames[0]], CaptureFiles.Frames(Output));
    }

    [Fact]
    [Trait("needs", "time")]
    public void StandardInputIsACaptureToo()
    {
        byte[][] frames = [CaptureFiles.Frame(60, 1), CaptureFiles.Frame(61, 2)];
        CaptureFiles.Write(Input, frames);
        using var shell = Shell($"- '{Card}' --json < <(cat {Input})");
        Assert.Equal(0, shell.WaitForExit());
        Assert.Equal(frames, CaptureFiles.Frames(Output));
    }

    [Fact]
    [Trait("needs", "time")]
    public void ACaptureOfManyMegabytesIsSentWhole()
    {
        const int Frames = 40_000;
        CaptureFiles.Write(Input, Enumerable.Range(0, Frames).Select(i => CaptureFiles.Frame(60 + i % 1400, (byte)i)));
        var report = JsonReport.Of(
            IxyProcess.Run("replay", Input, "sim:ixgbe,wire=loopback", "--speed", "max", "--json"));
        report.AssertSound(); // nothing allocated
        Assert.Equal(Frames, report.Device(0).Number("txPackets"));
        Assert.Equal(Enumerable.Range(0, Frames).Sum(i => 60 + i % 1400), report.Device(0).Number("txBytes"));
    }

    [Fact]
    [Trait("needs", "time")]
    public void DamageEndsTheReplayWithItsPlaceWhenAllBeforeItIsSent()
    {
        CaptureFiles.Write(Input, Enumerable.Range(0, 40).Select(i => CaptureFiles.Frame(60, (byte)i)));
        byte[] file = File.ReadAllBytes(Input);
        File.WriteAllBytes(Input, file[..^7]);
        var (exitCode, output, error) = IxyProcess.Run("replay", Input, Card, "--json");
        Assert.Equal(1, exitCode);
        Assert.Matches(@"ixy: \S+in\.pcapng: near byte \d+: ends in the middle", error);
        var replay = JsonReport.Of((0, output, error)).GetProperty("replay");
        Assert.Equal(39, replay.Number("sent"));
        Assert.Contains("ends in the middle", replay.GetProperty("fault").GetString());
        Assert.Equal(Enumerable.Range(0, 39).Select(i => CaptureFiles.Frame(60, (byte)i)), CaptureFiles.Frames(Output));
    }

    // Bytes read to detect the format cannot be read again.
    [Fact]
    [Trait("needs", "time")]
    public void APipeIsACaptureTooButNotTwice()
    {
        byte[][] frames = [CaptureFiles.Frame(60, 1), CaptureFiles.Frame(61, 2)];
        CaptureFiles.Write(Input, frames);
        using (var shell = Shell($"<(cat {Input}) '{Card}' --json"))
        {
            Assert.Equal(0, shell.WaitForExit());
            Assert.Equal(
                JsonValueKind.Null, JsonReport.Of((0, shell.Output, shell.Error)).GetProperty("replay")
                .GetProperty("fault").ValueKind);
        }
        Assert.Equal(frames, CaptureFiles.Frames(Output));
        using (var shell = Shell($"<(cat {Input}) '{Card}' --loop 2"))
            IxyProcess.AssertOneLine(
                (shell.WaitForExit(), shell.Output, shell.Error), 1,
                "is a pipe, which can be read only once: expected a file with --loop");
    }

    [Theory]
    [InlineData("/nonexistent.pcap", "/nonexistent.pcap")]
    [InlineData("/dev/null", "the file is empty")]
    [InlineData("/etc/passwd", "neither pcap nor pcapng")]
    [InlineData("/tmp", "cannot be read")]
    public void AFileThatIsNoCaptureIsAnswered(string path, string contains) =>
        IxyProcess.AssertOneLine(IxyProcess.Run("replay", path, "sim:ixgbe,wire=loopback"), 1, contains);

    public void Dispose() => _directory.Delete(recursive: true);

    private static IxyProcess Shell(string arguments) =>
        IxyProcess.StartOther("bash", "-c", $"dotnet exec '{IxyProcess.Program}' replay {arguments}");
}
