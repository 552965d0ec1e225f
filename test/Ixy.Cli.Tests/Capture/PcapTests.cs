using System.Runtime.InteropServices;
using System.Text.Json;

namespace Ixy.Cli.Tests.Capture;

/// <summary><c>ixy pcap</c>: everything that arrives is in the file, and whatever is not is counted.</summary>
public sealed class PcapTests : IDisposable
{
    private const string Generator = "sim:ixgbe,wire=generator,rate=100kpps";
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-pcap-");

    private string Output => Path.Combine(_directory.FullName, "out.pcapng");

    [SkippableFact]
    public void WhatArrivesIsInTheFile()
    {
        const int Sent = 100_000;
        var report = JsonReport.Of(
            IxyProcess.Run("pcap", Generator, Output, "--duration", "1s", "--virtual-time", "--json"));
        report.AssertSound();
        var captured = Captured(report, 0);
        Assert.Equal((Sent, Sent), (report.Wire(0).Number("sent"), report.Device(0).Number("rxPackets")));
        Assert.Equal((Sent, Sent, 0, 0),
            (captured.Number("received"), captured.Number("written"), captured.Number("dropped"),
                captured.Number("afterEnd")));
        Assert.Equal(new FileInfo(Output).Length, report.GetProperty("capture").Number("bytes"));
        var frames = CaptureFiles.Read(Output);
        Assert.Equal(Sent, frames.Count);
        Assert.All(frames, frame => Assert.Equal(60, frame.Frame.Length));
        // One every 10 µs, within the granularity of the card's turns and the loop's polls.
        long first = frames[0].Time;
        Assert.All(frames.Select((frame, i) => frame.Time - first - i * 10_000L),
            late => Assert.InRange(late, -1_000, 1_000));
        Tool.SkipWithoutTshark();
        string info = Tool.Run("capinfos", Output);
        Assert.Contains("pcapng", info);
        Assert.Contains("nanoseconds (9)", info);
        Assert.Contains("Number of interfaces in file: 1", info);
        Assert.Contains($"Name = {Generator}", info);
        Assert.Contains("Number of stat entries = 1", info);
        Assert.Contains($"Number of packets = {CaptureFiles.Read(Output).Count}", info);
        Assert.Contains("Strict time order:   True", info);
    }

    // In real time, as users run it: a busy machine may lose frames, but the counters must add up.
    [Fact]
    public void InRealTimeWhatArrivesIsInTheFileOrCounted()
    {
        var report = JsonReport.Of(IxyProcess.Run("pcap", Generator, Output, "--duration", "1s", "--json"));
        report.AssertSound();
        var (captured, device) = (Captured(report, 0), report.Device(0));
        Assert.Equal(report.Wire(0).Number("sent"), device.Number("rxPackets") + device.Number("rxMissed"));
        Assert.Equal(device.Number("rxPackets"),
            captured.Number("received") + captured.Number("afterEnd") + device.Number("rxDropped")
            - device.Number("rxMissed"));
        Assert.Equal(captured.Number("received"), captured.Number("written") + captured.Number("dropped"));
        var frames = CaptureFiles.Read(Output);
        Assert.True(frames.Count > 0);
        Assert.Equal(captured.Number("written"), frames.Count);
        AssertTimes(frames.Select(frame => frame.Time));
    }

    // if_speed (draft-ietf-opsawg-pcapng, 4.2) is in bits per second. The link comes up late, while the threads are
    // already running.
    [Theory]
    [Trait("needs", "time")]
    [InlineData("82599", "10G", 10_000_000_000)]
    [InlineData("x550", "10G", 10_000_000_000)]
    [InlineData("x550", "5G", 5_000_000_000)]
    [InlineData("x550", "2.5G", 2_500_000_000)]
    [InlineData("x550", "1G", 1_000_000_000)]
    [InlineData("x550", "100M", 100_000_000)]
    public void TheSpeedOfTheLinkIsInTheFile(string model, string speed, long bitsPerSecond)
    {
        JsonReport.Of(
            IxyProcess.Run(
                "pcap", $"sim:ixgbe,model={model},speed={speed},link-delay=1s,wire=generator,rate=10kpps", Output,
                "--count", "10", "--json"));
        Assert.Equal(bitsPerSecond, CaptureFiles.InterfaceSpeed(Output));
    }

    [SkippableFact]
    [Trait("needs", "time")]
    public void SeveralDevicesAreSeveralInterfaces()
    {
        const string Other = "sim:virtio,wire=generator,rate=10kpps,size=100";
        var report = JsonReport.Of(
            IxyProcess.Run("pcap", Generator, Other, Output, "--duration", "500ms", "--virtual-time", "--json"));
        report.AssertSound();
        var frames = CaptureFiles.Read(Output);
        for (int i = 0; i < 2; i++)
        {
            int sent = i == 0 ? 50_000 : 5_000;
            Assert.Equal((sent, sent), (report.Wire(i).Number("sent"), Captured(report, i).Number("written")));
            Assert.Equal(sent, frames.Count(frame => frame.Interface == i));
            Assert.All(frames.Where(frame => frame.Interface == i),
                frame => Assert.Equal(i == 0 ? 60 : 100, frame.Frame.Length));
        }
        Tool.SkipWithoutTshark();
        string info = Tool.Run("capinfos", Output);
        Assert.Contains("Number of interfaces in file: 2", info);
        Assert.Contains($"Name = {Other}", info);
        // The blocks themselves, as Wireshark shows them.
        string blocks = Tool.Run("tshark", "-r", Output, "-X", "read_format:MIME Files Format", "-V");
        Assert.Contains("Option: Speed = 10000000000", blocks);
        string[] lines = blocks.Split('\n');
        Assert.Equal(
            new[] { 0, 1 }.Select(i => $"{Captured(report, i).Number("written")}"),
            Values(lines, "Option: Number of Packets Delivered to the User = "));
        Assert.Equal(["0", "0"], Values(lines, "Option: Number of Packets Dropped by OS = "));
        Assert.Equal(
            new[] { 0, 1 }.Select(i => $"{report.Device(i).Number("rxPackets")}"),
            Values(lines, "Option: Number of Received Packets = "));
        Assert.Equal(["0", "0"], Values(lines, "Option: Number of Dropped Packets = "));
    }

    [Fact]
    public void CountIsExact()
    {
        var report = JsonReport.Of(IxyProcess.Run("pcap", Generator, Generator, Output, "--count", "777", "--json"));
        Assert.Equal(777, CaptureFiles.Frames(Output).Count);
        Assert.Equal(777, Captured(report, 0).Number("written") + Captured(report, 1).Number("written"));
        for (int i = 0; i < 2; i++)
            Assert.Equal(
                report.Device(i).Number("rxPackets"),
                Captured(report, i).Number("written") + Captured(report, i).Number("afterEnd"));
    }

    [SkippableFact]
    [Trait("needs", "time")]
    public void ASnapLengthCutsFrames()
    {
        Tool.SkipWithoutTshark();
        IxyProcess.Run(
            "pcap", "sim:ixgbe,wire=generator,rate=1kpps,size=1000", Output, "--count", "3", "--snaplen", "65");
        string lengths = Tool.Run("tshark", "-r", Output, "-T", "fields", "-e", "frame.len", "-e", "frame.cap_len");
        Assert.Equal("1000\t65\n1000\t65\n1000\t65\n", lengths);
    }

    [Theory]
    [Trait("needs", "time")]
    [InlineData(PosixSignal.SIGINT)]
    [InlineData(PosixSignal.SIGTERM)]
    public void ASignalLeavesAWholeFile(PosixSignal signal)
    {
        using var ixy = IxyProcess.Start("pcap", Generator, Output);
        ixy.WaitForOutput("     1  sim:");
        ixy.Signal(signal);
        Assert.Equal(0, ixy.WaitForExit());
        Assert.Matches(@"captured [1-9][\d,]* packets to \S+out\.pcapng: [1-9][\d,]* bytes", ixy.Output);
        Assert.NotEmpty(CaptureFiles.Frames(Output));
    }

    // wire=pcap records every byte of every frame, jumbo frames included, on each kind of card.
    [Theory]
    [Trait("needs", "time")]
    [InlineData("sim:ixgbe,wire=pcap:{0},rate=10kpps", "sim:ixgbe,wire=pcap:>{0}", 9000, "max")]
    [InlineData("sim:virtio,wire=pcap:{0},rate=2kpps", "sim:ixgbe,wire=pcap:>{0}", 1514, "original")]
    [InlineData("sim:ixgbe,wire=pcap:{0},rate=20kpps", "sim:virtio,wire=pcap:>{0}", 1514, "50kpps")]
    public void CaptureReplayCaptureIsIdentical(string from, string to, int longest, string speed)
    {
        string input = Path.Combine(_directory.FullName, "in.pcapng"),
            second = Path.Combine(_directory.FullName, "second.pcapng");
        string third = Path.Combine(_directory.FullName, "third.pcapng");
        var frames = Enumerable.Range(60, longest - 59).Select(length => CaptureFiles.Frame(length, (byte)length))
            .ToList();
        CaptureFiles.Write(input, frames);
        Capture(string.Format(null, from, input), Output, frames.Count, "--virtual-time");
        var report = JsonReport.Of(IxyProcess.Run("replay", Output, string.Format(null, to, second),
            "--speed", speed, "--max-frame-size", "9000", "--virtual-time", "--json"));
        Assert.Equal(
            (frames.Count, 0),
            (report.GetProperty("replay").Number("sent"), report.GetProperty("replay").Number("tooLong")));
        report.AssertFaultless();
        Capture(string.Format(null, from, second), third, frames.Count, "--virtual-time");
        Assert.Equal(frames, CaptureFiles.Frames(Output));
        Assert.Equal(frames, CaptureFiles.Frames(third));
    }

    [SkippableFact]
    [Trait("needs", "time")]
    public void APipeToTsharkWorks()
    {
        Tool.SkipWithoutTshark();
        var (exitCode, output, error) = Shell($"{Ixy} pcap {Generator} - --count 100 | tshark -n -r - -T fields -e frame.number; exit ${{PIPESTATUS[0]}}");
        Assert.True(exitCode == 0, error);
        Assert.Equal(string.Concat(Enumerable.Range(1, 100).Select(i => $"{i}\n")), output);
        Assert.Contains("captured 100 packets to standard output", error);
    }

    [Fact]
    [Trait("needs", "time")]
    public void AReaderThatHasEnoughEndsTheCapture()
    {
        var (exitCode, output, error) = Shell(
            $"{Ixy} pcap {Generator} - --duration 30s | head -c 1000 | wc -c; exit ${{PIPESTATUS[0]}}");
        Assert.Equal("1000\n", output);
        Assert.True(exitCode == 0, error);
        Assert.Contains("who read the capture has gone", error);
    }

    // Nobody reads during the capture: the pipe and the waiting buffers fill up.
    [Fact]
    [Trait("needs", "time")]
    public void APipeThatNobodyReadsDropsAndCounts()
    {
        const string Fast = "sim:ixgbe,wire=generator,size=1514,rate=200kpps";
        var (exitCode, _, error) = Shell(
            $"{Ixy} pcap {Fast} - --duration 2s | (sleep 7; cat > {Output}); exit ${{PIPESTATUS[0]}}");
        Assert.True(exitCode == 0, error);
        Assert.Contains("packets were dropped: the disk, or who reads the pipe, is too slow", error);
        string table = error.Split("captured at", 2)[1];
        string[] cells = table.Split('\n')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        long[] numbers = [
            .. cells[1..].Select(cell => long.Parse(cell, System.Globalization.NumberStyles.AllowThousands, null))];
        Assert.Equal(numbers[0], numbers[1] + numbers[2]);
        Assert.True(numbers[2] > 0, error);
        Assert.Equal(numbers[1], CaptureFiles.Frames(Output).Count);
    }

    [SkippableFact]
    [Trait("needs", "time")]
    public void ADiskWithoutRoomIsToldWithTheCure()
    {
        Skip.IfNot(File.Exists("/dev/full"), "there is no /dev/full");
        var (exitCode, output, error) = IxyProcess.Run("pcap", Generator, "/dev/full", "--duration", "10s", "--json");
        Assert.Equal(1, exitCode);
        Assert.Contains("ixy: /dev/full: No space left on device", error);
        Assert.Contains("--snaplen", error);
        var captured = Captured(JsonDocument.Parse(output).RootElement, 0);
        Assert.Equal(captured.Number("received"), captured.Number("dropped"));
        Assert.True(captured.Number("dropped") > 0);
    }

    [SkippableFact]
    [Trait("needs", "root")]
    [Trait("needs", "time")]
    public void ADiskThatRunsFullLeavesAWholeFile()
    {
        Tool.SkipUnlessRoot();
        using var disk = new SmallDisk(_directory.FullName);
        string path = Path.Combine(disk.Path, "out.pcapng");
        var (exitCode, _, error) = IxyProcess.Run(
            "pcap", "sim:ixgbe,wire=generator,size=1514,rate=20kpps", path, "--duration", "10s");
        Assert.Equal(1, exitCode);
        Assert.Contains("No space left on device", error);
        Assert.InRange(CaptureFiles.Frames(path).Count, 100, 4 << 20);
        if (Tool.Exists("capinfos")) Assert.Contains("Number of stat entries = 1", Tool.Run("capinfos", path));
    }

    [Theory]
    [InlineData("cannot be written", "/nonexistent/out.pcapng")]
    [InlineData("cannot be written", "/tmp")]
    public void AFileThatCannotBeWrittenIsAnswered(string contains, string path) =>
        IxyProcess.AssertOneLine(IxyProcess.Run("pcap", Generator, path), 1, contains);

    [Fact]
    public void ADeviceThatCannotBeOpenedCostsNoFile()
    {
        IxyProcess.AssertOneLine(IxyProcess.Run("pcap", "eth0", Output), 1, "'eth0' names no device");
        Assert.False(File.Exists(Output));
        File.WriteAllText(Output, "precious");
        IxyProcess.AssertOneLine(IxyProcess.Run("pcap", "eth0", Output), 1, "'eth0' names no device");
        Assert.Equal("precious", File.ReadAllText(Output));
    }

    [Fact]
    public void AnOlderAndLongerFileIsReplaced()
    {
        File.WriteAllBytes(Output, new byte[1 << 20]);
        Capture(Generator, Output, 5);
        Assert.Equal(5, CaptureFiles.Frames(Output).Count);
    }

    [Theory]
    [InlineData(new string[0], new byte[] { 1, 2, 3 })]
    [InlineData(new[] { "--no-promiscuous" }, new byte[] { 2, 3 })]
    public void WhatIsForOthersIsCapturedUnlessItIsNotWanted(string[] options, byte[] expected)
    {
        string input = Path.Combine(_directory.FullName, "in.pcapng");
        byte[][] frames = [CaptureFiles.Frame(60, 1), CaptureFiles.Frame(60, 2), CaptureFiles.Frame(60, 3)];
        frames[1].AsSpan(0, 6).Fill(0xFF);
        new byte[] { 0x02, 0, 0x5E, 0, 0x53, 9 }.CopyTo(frames[2], 0);
        CaptureFiles.Write(input, frames);
        IxyProcess.Run(
            ["pcap", $"sim:ixgbe,mac=02:00:5e:00:53:09,wire=pcap:{input}", Output, "--count", $"{expected.Length}",
            "--duration", "10s", .. options]);
        Assert.Equal(expected.Select(number => frames[number - 1]), CaptureFiles.Frames(Output));
    }

    // A second capture would truncate the file that the first one is writing.
    [Fact]
    [Trait("needs", "time")]
    public void AFileIsOneCapturesOnly()
    {
        using var first = IxyProcess.Start("pcap", Generator, Output, "--duration", "30s");
        first.WaitForOutput("     1  sim:");
        IxyProcess.AssertOneLine(
            IxyProcess.Run("pcap", Generator, Output, "--count", "1"), 1,
            "out.pcapng is being written by another program");
        first.Signal(PosixSignal.SIGINT);
        Assert.Equal(0, first.WaitForExit());
        Assert.NotEmpty(CaptureFiles.Frames(Output));
        Capture(Generator, Output, 1);
    }

    // The far end does not wait: its frames arrive before the other card has a link.
    [Fact]
    [Trait("needs", "time")]
    public void WhatComesBeforeTheMeasuredPartIsInTheFileAndInItsStatistics()
    {
        string socket = Path.Combine(_directory.FullName, "card");
        using var card = IxyProcess.Start("sim", "ixgbe", "--socket", socket, "--wire", "generator,rate=20kpps");
        card.WaitForOutput("waiting for a client");
        var report = JsonReport.Of(
            IxyProcess.Run(
                "pcap", $"vfio-user:{socket}", "sim:ixgbe,wire=loopback,link-delay=1s", Output, "--duration", "500ms",
                "--json"));
        var captured = Captured(report, 0);
        Assert.InRange(
            captured.Number("received") + captured.Number("afterEnd"), 1_000, report.Device(0).Number("rxPackets"));
        Assert.Equal(captured.Number("written"), CaptureFiles.Frames(Output).Count);
    }

    [SkippableFact]
    public void ATerminalGetsNoCapture()
    {
        Skip.IfNot(File.Exists("/usr/bin/script"), "script(1), which makes a terminal, is not installed");
        using var script = IxyProcess.StartOther("script", "-qec", $"{Ixy} pcap {Generator} -", "/dev/null");
        Assert.Equal(1, script.WaitForExit());
        Assert.Contains("standard output is a terminal", script.Output);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static string Ixy => $"dotnet exec '{IxyProcess.Program}'";

    private static void Capture(string device, string path, int count, params string[] more) =>
        JsonReport.Of(IxyProcess.Run(
        ["pcap", device, path, "--count", $"{count}", "--duration", "10s", "--max-frame-size", "9000", "--ring-size",
            "1024", "--json", .. more])).AssertSound();

    private static (int ExitCode, string Output, string Error) Shell(string command)
    {
        using var shell = IxyProcess.StartOther("bash", "-c", command);
        return (shell.WaitForExit(), shell.Output, shell.Error);
    }

    private static JsonElement Captured(JsonElement report, int i) =>
        report.GetProperty("capture").GetProperty("interfaces")[i];

    private static IEnumerable<string> Values(string[] lines, string label) =>
        lines.Where(line => line.Contains(label, StringComparison.Ordinal)).Select(line => line.Split(label)[1].Trim());

    private static void AssertTimes(IEnumerable<long> times)
    {
        long now = (long)(DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds * 1_000_000_000,
            last = now - 60_000_000_000;
        foreach (long time in times)
        {
            Assert.InRange(time, last, now + 2_000_000_000);
            last = time;
        }
    }

    /// <summary>A file system of 4 MiB.</summary>
    private sealed class SmallDisk : IDisposable
    {
        internal SmallDisk(string directory)
        {
            Path = System.IO.Path.Combine(directory, "disk");
            Directory.CreateDirectory(Path);
            var (exitCode, _, error) = Tool.TryRun("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", Path);
            Skip.If(exitCode != 0, $"a small tmpfs cannot be mounted: {error}");
        }

        internal string Path { get; }

        public void Dispose() => Tool.Run("umount", Path);
    }
}
