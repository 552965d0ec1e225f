using System.Text.Json;
using Ixy.Cli.Replay;
using Ixy.Simulation;

namespace Ixy.Cli.Tests;

/// <summary>A run in which nothing moved, or whose packets never left, says so in plain words.</summary>
public sealed class FindingsTests : IDisposable
{
    // A card that cannot reach memory: the driver does not notice, and no register shows it.
    private const string Cut = "cut:ixgbe,wire=loopback";

    private readonly TextWriter _output = Console.Out, _error = Console.Error;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-findings-");

    public FindingsTests()
    {
        SimulatedCards.Register();
        NetworkDevice.RegisterTransport("cut", specifier =>
            new InterposedDevice(
                SimulatedCards.Open(SimulatedCards.Prefix + specifier["cut:".Length..]))
            { IsMute = true });
    }

    [Theory]
    [Trait("needs", "time")]
    [InlineData("pktgen", Cut, "--duration", "300ms")]
    [InlineData("pktgen", Cut, "--rate", "1kpps", "--duration", "300ms")]
    [InlineData("fwd", Cut, "sim:ixgbe,wire=generator,rate=1Mpps", "--duration", "300ms")]
    [InlineData("fwd", Cut, "sim:ixgbe,wire=generator,rate=10kpps,flows=16", "--duration", "300ms", "--queues", "2")]
    [InlineData("replay", "FILE", Cut, "--speed", "max")]
    public void ATransmitRingThatDoesNotEmptyIsNamedAndIsCodeOne(params string[] arguments)
    {
        var (exitCode, output) = Run([.. arguments.Select(argument => argument == "FILE" ? Capture() : argument)]);
        Assert.Equal(1, exitCode);
        string line = Assert.Single(
            output.Split('\n'), line => line.Contains("its transmit ring does not empty", StringComparison.Ordinal));
        Assert.Matches(@"^sim:\w+,wire=loopback: its transmit ring does not empty: none of [1-9][\d,]* packets in it has left for a second; the far end may", line);
        Assert.DoesNotContain("packets kept arriving after the end", output);
    }

    // More than the ring holds: only sending the last packet would otherwise end the run.
    [Theory]
    [InlineData("pktgen", Cut, "--count", "100000", "--rate", "1Mpps")]
    [InlineData("replay", "FILE", Cut, "--speed", "max", "--loop", "100")]
    public async Task WhoseLastPacketFindsNoRoomGivesUp(params string[] arguments)
    {
        string[] command = [.. arguments.Select(argument => argument == "FILE" ? Capture() : argument)];
        var (exitCode, output) = await Task.Run(() => Run(command)).WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(1, exitCode);
        Assert.Matches(@"\nsim:ixgbe,wire=loopback: its transmit ring does not empty: none of [1-9][\d,]* packets in it has left for a second;", output);
    }

    [Theory]
    [InlineData("pktgen")]
    [InlineData("replay")]
    public void InVirtualTimeItGivesUpAfterTenSecondsOfThat(string command)
    {
        var (least, most) = (TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10.1));
        var world = new VirtualWorld(seed: 13);
        var card = new InterposedDevice(
            world.OpenCard("sim:ixgbe,wire=loopback"))
        { IsMute = true, Time = world.Clock };
        using var device = NetworkDevice.Open(card, new());
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(1)));
        using var pools = new TestFramePools(packets: 1024, frameSize: 60);
        using var replay = new ReplayWork(
            Capture(), new(ReplaySpeed.Parse("max"), Passes: 100) { GivesUp = true }, 1518, batchSize: 32);
        var loops = command == "replay" ? replay.Start([device])
            : [new GenerateLoop(
                device, pools.Create(device), batchSize: 32, packetsPerSecond: 1e6, count: 100_000) { GivesUp = true }];
        using var group = new LoopGroup(loops, [device]);
        // Virtual time does not skip the rounds of a waiting loop: at 0.1 ms per round, ten seconds take few rounds.
        group.Start(world, new(Seed: 13, PacketTime: 30, PollTime: 100_000, WakeTime: 5_000));
        group.Measure();
        Assert.True(world.AdvanceUntil(() => group.MeasurementOver.IsSet, 2 * most), "it did not give up");
        group.Finish();
        Assert.InRange(group.Figures.Elapsed, least, most);
        Assert.Equal(device.TransmitQueues, group.Stuck);
    }

    // A ring that is stalled may recover. Giving up takes ten seconds. A loop measures from its own first round, which
    // is a little later than the command's start.
    [Fact]
    public void WhoIsToldHowLongDoesNotGiveUp()
    {
        var (exitCode, output) = Run("pktgen", Cut, "--count", "100000", "--duration", "11s", "--json");
        Assert.Equal(1, exitCode);
        Assert.InRange(JsonReport.Of((0, output, "")).GetProperty("durationSeconds").GetDouble(), 10.5, 30);
    }

    [Fact]
    [Trait("needs", "time")]
    public void ProgramsAreToldToo()
    {
        var (exitCode, output) = Run("pktgen", Cut, "--duration", "300ms", "--json");
        Assert.Equal(1, exitCode);
        var notes = JsonDocument.Parse(output.TrimEnd('\n').Split('\n')[^1]).RootElement.GetProperty("notes")
            .EnumerateArray().Select(note => note.GetString()!).ToList();
        Assert.Equal("nothing moved: the card sent no packet", notes[0]);
        Assert.Contains("its transmit ring does not empty", notes[1]);
    }

    [Fact]
    public void WhereNobodySendsItSaysSo()
    {
        var (exitCode, output, _) = IxyProcess.Run(
            "fwd", "sim:ixgbe,wire=loopback", "sim:virtio,wire=loopback", "--duration", "200ms");
        Assert.Equal(0, exitCode);
        Assert.Contains("\nnothing moved: no card received a packet\n", output);
        Assert.Contains("\nsim:ixgbe,wire=loopback: its link is up, and nothing came: the far end of its wire has nothing to send\n", output);
        Assert.Contains("\nsim:virtio,wire=loopback: its link is up, and nothing came", output);
    }

    [Fact]
    [Trait("needs", "time")]
    public void ACardThatHadADescriptorForNothingMayReachNoMemory()
    {
        var (_, output) = Run("fwd", "cut:ixgbe,wire=generator,rate=1Mpps", Cut, "--duration", "300ms");
        Assert.Contains("nothing moved: no card received a packet", output);
        Assert.Matches(
            @"sim:ixgbe,wire=generator,rate=1Mpps: [\d,]+ frames came, and the card had a descriptor for none", output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AccessesToRegistersThatDoNotExistAreNoted(bool json)
    {
        const string Missing = "an access where the card has no register: it reads 0";
        NetworkDevice.RegisterTransport("odd", specifier => WithOddAccesses(specifier["odd:".Length..]));
        var (exitCode, output) = Run(
            ["pktgen", "odd:ixgbe,wire=loopback", "--count", "10", .. json ? (string[])["--json"] : []]);
        Assert.Equal(0, exitCode);
        string[] notes = [$"0x05a80: {Missing} (2 times)", $"0x03fc0: {Missing}"];
        if (json) Assert.Equal(notes, NotesOfTheCard(output));
        else Assert.Contains(
            $"\nsim:ixgbe,wire=loopback: noted 3 times, which breaks no rule:\n  {string.Join("\n  ", notes)}\n",
            output);
    }

    [Fact]
    public void WhereSomethingMovedNothingIsSaid()
    {
        var report = JsonReport.Of(IxyProcess.Run("pktgen", "sim:ixgbe,wire=loopback", "--count", "10", "--json"));
        Assert.Empty(report.GetProperty("notes").EnumerateArray());
    }

    // A ring is stuck only if it was never empty and gives nothing back.
    [Theory]
    [InlineData(false, false, true)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    public void ABusyRingIsNotStuck(bool isEmptyOnce, bool givesBack, bool isStuck)
    {
        var queue = new PaperQueue();
        var watch = new TransmitWatch([queue], TimeProvider.System);
        if (isEmptyOnce) queue.Drained = true;
        if (givesBack) queue.Waiting = 31;
        watch.Look();
        queue.Drained = false;
        Assert.Equal(isStuck ? [queue] : [], watch.Stuck);
    }

    public void Dispose()
    {
        Console.SetOut(_output);
        Console.SetError(_error);
        _directory.Delete(recursive: true);
    }

    private string Capture()
    {
        string path = Path.Combine(_directory.FullName, "in.pcapng");
        using var writer = Ixy.Captures.PcapngWriter.Create(path);
        for (int i = 0; i < 100; i++) writer.Write(CaptureFiles.Frame(60, (byte)i), i);
        return path;
    }

    // Accesses of a driver written for another card.
    private static SimulatedPciDevice WithOddAccesses(string card)
    {
        var device = SimulatedCards.Open(SimulatedCards.Prefix + card);
        device.EnableBusMaster(); // and memory space
        var bar = device.OpenBar(0);
        bar.Write32(0x5A80, 1); // IMIR of the 82598
        Assert.Equal(0u, bar.Read32(0x5A80));
        Assert.Equal(0u, bar.Read32(0x3FC0)); // RNBC of the 82598
        return device;
    }

    private static IEnumerable<string> NotesOfTheCard(string output) =>
        JsonReport.Of((0, output, "")).Device(0).GetProperty("notes").EnumerateArray()
        .Select(note => note.GetString()!);

    // Runs in this process, where the cut-off card is registered.
    private static (int ExitCode, string Output) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        Console.SetOut(output);
        Console.SetError(TextWriter.Null);
        int exitCode = Commands.Root().Parse(arguments).Invoke(new() { EnableDefaultExceptionHandler = false });
        return (exitCode, output.ToString());
    }

    private sealed class PaperQueue : TransmitQueue
    {
        internal bool Drained { get; set; }

        internal int Waiting { get; set; } = 32;

        public override long Packets => 100;

        public override int Pending => Waiting;

        public override bool IsDrained => Drained;

        public override int Transmit(ReadOnlySpan<Packet> batch) => 0;

        public override TransmitRefusal Examine(in Packet packet) => default;
    }
}
