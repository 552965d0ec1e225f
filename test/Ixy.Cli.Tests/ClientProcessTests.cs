using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Ixy.Cli.Tests;

/// <summary>
/// Cards and forwarder in separate processes: <c>ixy sim</c> and <c>ixy fwd</c>, as a user runs them.
/// </summary>
public sealed class ClientProcessTests : IDisposable
{
    private const int Frames = 200_000;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-processes-");

    [Fact]
    public void WhatIsLostAtAMillionPacketsASecondIsCounted()
    {
        using var left = StartCard("left", $"generator,rate=1Mpps,count={Frames}");
        using var right = StartCard("right", $"generator,rate=1Mpps,count={Frames}");
        var report = JsonReport.Of(
            IxyProcess.Run("fwd", Device("left"), Device("right"), "--duration", "3s", "--json"));
        var cards = new[] { left, right }.Select(card =>
        {
            card.Signal(PosixSignal.SIGTERM);
            return JsonReport.Of((card.WaitForExit(), card.Output, card.Error));
        }).ToArray();
        Assert.Equal(0, report.Number("allocatedBytes"));
        for (int i = 0; i < 2; i++)
        {
            Assert.Empty(cards[i].GetProperty("violations").EnumerateArray());
            var (device, other) = (report.Device(i), report.Device(1 - i));
            foreach (string name in new[] { "reordered", "duplicated", "corrupted", "foreign" })
                Assert.Equal((name, 0), (name, cards[i].GetProperty("wire").Number(name)));
            Assert.Equal(0, device.Number("rxErrors"));
            Assert.Equal("vfio-user:" + PathOf(i == 0 ? "left" : "right"), device.GetProperty("device").GetString());
            // From wire to wire: what the card took or missed, what the driver took or dropped, and what the other card
            // was given and sent.
            long sent = cards[i].GetProperty("wire").Number("sent"), missed = device.Number("rxMissed");
            Assert.Equal((Frames, Frames), (sent, device.Number("rxPackets") + missed));
            Assert.Equal(
                device.Number("rxPackets") + missed - device.Number("rxDropped"),
                other.Number("txPackets") + other.Number("txDropped"));
            Assert.Equal(other.Number("txPackets"), cards[1 - i].GetProperty("wire").Number("received"));
            Assert.True(other.Number("txPackets") > 0);
        }
    }

    /// <summary>
    /// The two commands of docs/vfio-user.md, with a third one that forwards: what one generator sends arrives at the
    /// other.
    /// </summary>
    [Theory]
    [Trait("needs", "time")]
    [InlineData("ixgbe", 1)]
    [InlineData("virtio", 4)]
    public void GeneratorsOfTwoProcessesKnowEachOthersFrames(string card, int flows)
    {
        // No more than a ring has room for, so nothing is lost while the forwarder has no core.
        const int Count = 250;
        using var left = StartCard("left", $"generator,rate=1kpps,count={Count},flows={flows}", card);
        using var right = StartCard("right", $"generator,rate=1kpps,count={Count},flows={flows},size=128", card);
        Assert.Equal(0, IxyProcess.Run("fwd", Device("left"), Device("right"), "--duration", "2s").ExitCode);
        foreach (var process in new[] { left, right })
        {
            process.Signal(PosixSignal.SIGTERM);
            var wire = JsonReport.Of((process.WaitForExit(), process.Output, process.Error)).GetProperty("wire");
            Assert.Equal((Count, Count), (wire.Number("sent"), wire.Number("received")));
            foreach (string name in new[] { "lost", "reordered", "duplicated", "corrupted", "foreign" })
                Assert.Equal((name, 0), (name, wire.Number(name)));
        }
    }

    /// <summary>A card on a socket starts a fifth of a second after link-up; that time does not count.</summary>
    [Fact]
    [Trait("needs", "time")]
    public void TheClockStartsWithTheFirstPacket()
    {
        const int Sent = 1_000;
        using var left = StartCard("left", $"generator,rate={Sent}pps");
        using var right = StartCard("right", $"generator,rate={Sent}pps");
        var report = JsonReport.Of(
            IxyProcess.Run("fwd", Device("left"), Device("right"), "--duration", "1s", "--json"));
        // A fifth less if the silence counted. The rate is so low that a machine would have to stall for a fifth of a
        // second to lose that much.
        Assert.InRange(report.GetProperty("packetsPerSecond").GetDouble(), 1.8 * Sent, 2.2 * Sent);
    }

    [Theory]
    [Trait("needs", "time")]
    [InlineData("ixgbe")]
    [InlineData("virtio")]
    public void ACardThatIsKilledEndsTheForwarderWithinASecond(string card)
    {
        using var left = StartCard("left", "generator,rate=100kpps", card);
        using var right = StartCard("right", "generator,rate=100kpps", card);
        using (var fwd = IxyProcess.Start("fwd", Device("left"), Device("right")))
        {
            fwd.WaitForOutput("     1  vfio-user:");
            long start = Stopwatch.GetTimestamp();
            right.Kill();
            Assert.Equal(1, fwd.WaitForExit());
            // About a second if the machine has time; without the watch, forever.
            Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(20));
            string error = Assert.Single(
                fwd.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries), line =>
                !line.Contains("note:", StringComparison.Ordinal));
            Assert.StartsWith($"ixy: {Device("right")}: its server has gone", error);
        }
        // The other card accepts the next client, and the killed card's socket can be reused.
        using var successor = StartCard("right", "generator,rate=100kpps", card);
        Assert.Equal(0, IxyProcess.Run("fwd", Device("left"), Device("right"), "--duration", "500ms").ExitCode);
    }

    [Fact]
    [Trait("needs", "time")]
    public void AForwarderThatIsKilledLeavesTheCardsToTheNext()
    {
        using var left = StartCard("left", "generator,rate=100kpps");
        using var right = StartCard("right", "generator,rate=100kpps");
        using (var fwd = IxyProcess.Start("fwd", Device("left"), Device("right")))
        {
            fwd.WaitForOutput("     1  vfio-user:");
            fwd.Kill();
        }
        foreach (var card in new[] { left, right }) card.WaitForError("waits for the next client");
        var report = JsonReport.Of(
            IxyProcess.Run("fwd", Device("left"), Device("right"), "--duration", "1s", "--json"));
        for (int i = 0; i < 2; i++) Assert.True(report.Device(i).Number("txPackets") > 1_000);
        left.Signal(PosixSignal.SIGTERM);
        var sim = JsonReport.Of((left.WaitForExit(), left.Output, left.Error));
        Assert.Equal(2, sim.Number("clients"));
        Assert.Empty(sim.GetProperty("violations").EnumerateArray());
    }

    // Longer than a command may take; and the counters are read every two seconds even if nobody asks for them.
    [Fact]
    public void ACardThatIsStoppedForAWhileIsNotLostToWhoOnlyPolls()
    {
        using var card = StartCard("left", "loopback");
        using var device = NetworkDevice.Open(Device("left"));
        card.Pause(TimeSpan.FromSeconds(9));
        device.PciDevice.ThrowIfGone();
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)));
        Assert.Equal(0, device.ReadStatistics().RxPackets);
    }

    [Fact]
    public void WithoutACardThereIsOneLine() => IxyProcess.AssertOneLine(
        IxyProcess.Run("fwd", Device("left"), Device("left")), exitCode: 1,
        $"there is no socket {PathOf("left")}: start its server");

    public void Dispose() => _directory.Delete(recursive: true);

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);

    private string Device(string name) => $"vfio-user:{PathOf(name)}";

    private IxyProcess StartCard(string name, string wire, string card = "ixgbe")
    {
        var process = IxyProcess.Start("sim", card, "--socket", PathOf(name), "--wire", wire, "--json");
        process.WaitForError("waiting for a client");
        return process;
    }
}
