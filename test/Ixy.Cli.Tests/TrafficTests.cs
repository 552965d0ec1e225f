using Ixy.Captures;

namespace Ixy.Cli.Tests;

/// <summary>Packets through the command: every one arrives, unchanged, and all counters agree.</summary>
public sealed class TrafficTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-traffic-");

    [Theory]
    [Trait("needs", "time")]
    [InlineData("1Mpps", 60, 32)]
    [InlineData("100kpps", 60, 1)]
    [InlineData("100kpps", 1514, 512)]
    public void NothingIsLostBetweenTwoGenerators(string rate, int size, int batch)
    {
        string device = $"sim:ixgbe,wire=generator,rate={rate},size={size}";
        var report = JsonReport.Of(
            IxyProcess.Run(
                "fwd", device, device, "--duration", "1s", "--batch", $"{batch}", "--virtual-time", "--json"));
        report.AssertFaultless();
        for (int i = 0; i < 2; i++)
        {
            long sent = (long)PacketRate.Parse(rate).PacketsPerSecond(size);
            Assert.Equal(sent, report.Wire(i).Number("sent"));
            Assert.Equal(sent, report.Device(i).Number("rxPackets"));
            Assert.Equal(sent * size, report.Device(i).Number("rxBytes"));
            Assert.Equal(sent, report.Device(1 - i).Number("txPackets"));
            Assert.Equal(sent * size, report.Device(1 - i).Number("txBytes"));
            Assert.Equal(sent, report.Wire(1 - i).Number("received"));
        }
    }

    // In real time, as users run it: a busy machine may lose frames, but the counters must add up.
    [Fact]
    public void InRealTimeNothingIsAllocatedAndWhatIsLostIsCounted()
    {
        const string Device = "sim:ixgbe,wire=generator,rate=1Mpps";
        var report = JsonReport.Of(IxyProcess.Run("fwd", Device, Device, "--duration", "1s", "--json"));
        report.AssertAccountedFor();
        Assert.Equal((0, 0), (report.Number("allocatedBytes"), report.Number("gcCollections")));
        for (int i = 0; i < 2; i++)
        {
            Assert.True(report.Wire(i).Number("received") > 0);
            Assert.Equal(report.Device(i).Number("rxPackets") * 60, report.Device(i).Number("rxBytes"));
        }
    }

    [Fact]
    [Trait("needs", "time")]
    public void EveryFlowComesThroughSeveralQueues()
    {
        const string Device = "sim:ixgbe,wire=generator,rate=100kpps,flows=16";
        var report = JsonReport.Of(
            IxyProcess.Run("fwd", Device, Device, "--queues", "4", "--duration", "1s", "--virtual-time", "--json"));
        report.AssertFaultless();
        for (int i = 0; i < 2; i++)
            Assert.Equal((100_000, 100_000), (report.Wire(i).Number("sent"), report.Wire(1 - i).Number("received")));
    }

    [Fact]
    [Trait("needs", "time")]
    public void WhatIsLostAtFullRateStandsInTheCardsCounters()
    {
        const string Device = "sim:ixgbe,wire=generator";
        var report = JsonReport.Of(IxyProcess.Run("fwd", Device, Device, "--duration", "2s", "--json"));
        report.AssertAccountedFor();
        Assert.True(report.GetProperty("packetsPerSecond").GetDouble() > 0);
    }

    [Theory]
    [Trait("needs", "time")]
    [InlineData(false)]
    [InlineData(true)]
    public void OnlyTouchChangesFrames(bool touch)
    {
        string input = Path.Combine(_directory.FullName, "in.pcapng"),
            output = Path.Combine(_directory.FullName, "out.pcapng");
        var frames = Enumerable.Range(0, 1000).Select(i => Frame(60 + i % 1455, (byte)i)).ToList();
        using (var writer = PcapngWriter.Create(input)) frames.ForEach(frame => writer.Write(frame, 0));
        if (touch) frames.ForEach(frame => frame[1]++);
        string[] options = touch ? ["--touch", "--checked"] : [];
        var report = JsonReport.Of(IxyProcess.Run(
            ["fwd", $"sim:ixgbe,wire=pcap:{input}", $"sim:ixgbe,wire=pcap:>{output}", "--duration", "10ms",
                "--virtual-time", "--json", .. options]));
        report.AssertFaultless();
        Assert.Equal(frames, Frames(output));
    }

    // A capture in, forwarded, and a capture out: every byte of every frame, jumbo frames included.
    [SkippableFact]
    [Trait("needs", "time")]
    public void ACaptureComesOutAsItWentIn()
    {
        string input = Path.Combine(_directory.FullName, "in.pcapng"),
            output = Path.Combine(_directory.FullName, "out.pcapng");
        var frames = Enumerable.Range(0, 9000 - 60 + 1).Select(i => Frame(60 + i, (byte)i)).ToList();
        using (var writer = PcapngWriter.Create(input)) frames.ForEach(frame => writer.Write(frame, 0));
        var report = JsonReport.Of(
            IxyProcess.Run("fwd", $"sim:ixgbe,wire=pcap:{input},rate=20kpps", $"sim:ixgbe,wire=pcap:>{output}",
            "--max-frame-size", "9000", "--duration", "1s", "--virtual-time", "--json"));
        report.AssertFaultless();
        Assert.Equal(frames, Frames(output));

        Tool.SkipWithoutTshark();
        string lengths = Tool.Run("tshark", "-r", output, "-T", "fields", "-e", "frame.len");
        Assert.Equal(
            frames.Select(frame => $"{frame.Length}"), lengths.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void TheGeneratorStopsAfterItsCountAndNumbersItsPackets()
    {
        string output = Path.Combine(_directory.FullName, "sent.pcapng");
        var report = JsonReport.Of(IxyProcess.Run(
            "pktgen", $"sim:ixgbe,wire=pcap:>{output}", "--count", "1000", "--size", "100", "--rate", "100kpps",
            "--json"));
        Assert.Equal(1000, report.Device(0).Number("txPackets"));
        Assert.Equal(100_000, report.Device(0).Number("txBytes"));
        var frames = Frames(output);
        Assert.Equal(1000, frames.Count);
        for (int i = 0; i < frames.Count; i++)
        {
            Assert.Equal(100, frames[i].Length);
            Assert.Equal([0, 0, (byte)(i >> 8), (byte)i], frames[i][^4..]);
        }
        Assert.Equal(0xFFFF, OnesComplementSum(frames[0].AsSpan(14, 20))); // a good IPv4 header (RFC 1071)
    }

    [Theory]
    [Trait("needs", "time")]
    [InlineData("10kpps", 10_000, 60)]
    [InlineData("100M", 148_809, 60)]
    [InlineData("100M", 8_127, 1514)]
    public void TheGeneratorKeepsItsRate(string rate, int packetsPerSecond, int size)
    {
        var report = JsonReport.Of(IxyProcess.Run(
            "pktgen", "sim:ixgbe,wire=loopback", "--rate", rate, "--size", $"{size}", "--duration", "1s",
            "--virtual-time", "--json"));
        // The first packet is due at once, and the last may be due at the very end.
        Assert.InRange(report.GetProperty("packetsPerSecond").GetDouble(), packetsPerSecond, packetsPerSecond + 1);
        Assert.Equal(report.Device(0).Number("txPackets"), report.Device(0).Number("rxPackets"));
        report.AssertFaultless();
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static byte[] Frame(int length, byte seed)
    {
        var frame = new byte[length];
        for (int i = 0; i < length; i++) frame[i] = (byte)(i * 7 + seed);
        // A unicast address, and an EtherType, since a length would have to be correct (IEEE 802.3 clause 3.2.6).
        (frame[0], frame[12], frame[13]) = (0x02, 0x88, 0xB5);
        return frame;
    }

    private static List<byte[]> Frames(string path)
    {
        var frames = new List<byte[]>();
        using var reader = CaptureReader.Open(path);
        while (reader.Read(out var frame)) frames.Add(frame.ToArray());
        return frames;
    }

    private static int OnesComplementSum(ReadOnlySpan<byte> bytes)
    {
        int sum = 0;
        for (int i = 0; i < bytes.Length; i += 2) sum += bytes[i] << 8 | bytes[i + 1];
        return (sum & 0xFFFF) + (sum >> 16);
    }
}
