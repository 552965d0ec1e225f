using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Ixy.Repository.Tests.Samples;

/// <summary>
/// The programs in <c>samples</c>, as readers run them, but with checked pools: a leaked packet fails the run.
/// </summary>
public sealed partial class SampleTests : IDisposable
{
    // Where a generator's frame has its number.
    private const int NumberAt = 44;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-samples-");

    private string Input => Path.Combine(_directory.FullName, "in.pcapng");

    private string Output => Path.Combine(_directory.FullName, "out.pcapng");

    [Theory]
    [InlineData("forwarder", "DEVICE DEVICE", "sim:ixgbe,wire=loopback")]
    [InlineData("generator", "DEVICE")]
    [InlineData("capture", "DEVICE FILE", "a", "b", "c")]
    [InlineData("pipeline", "FROM TO", "one")]
    [InlineData("reflector", "DEVICE")]
    [InlineData("own-driver", "DEVICE FRAMES", "sim:ixgbe,wire=loopback", "some")]
    [InlineData("edu", "ADDRESS")]
    public void WrongArgumentsAreToldTheRightOnes(string sample, string expected, params string[] arguments) =>
        Assert.Equal((2, "", $"usage: {sample}.cs {expected}\n"), SamplePrograms.Run(sample, arguments));

    [Theory]
    [InlineData("forwarder", "sim:ixgbe,wire=loopback", "sim:ixgbe,wire=nothing")]
    [InlineData("generator", "sim:ixgbe,wire=nothing")]
    [InlineData("capture", "sim:ixgbe,wire=nothing", "/dev/null")]
    [InlineData("capture", "sim:ixgbe,wire=loopback", "/nowhere/nothing.pcapng")]
    [InlineData("pipeline", "sim:ixgbe,wire=loopback", "sim:ixgbe,wire=nothing")]
    [InlineData("reflector", "sim:ixgbe,wire=nothing")]
    [InlineData("own-driver", "sim:ixgbe,wire=nothing", "1")]
    public void WhatIsNotThereIsNamedInOneLine(string sample, params string[] arguments)
    {
        var (exitCode, output, error) = SamplePrograms.Run(sample, arguments);
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("nothing", Assert.Single(error.TrimEnd('\n').Split('\n')));
    }

    [Fact]
    public void TheForwarderForwardsEveryFrameAndCountsThem()
    {
        byte[][] frames = WriteInput(i => 60 + i % 1400);
        string last = RunUntil(() => HasCome(frames[^1]), PosixSignal.SIGINT,
            "forwarder", $"sim:ixgbe,wire=pcap:{Input},rate=1kpps", $"sim:ixgbe,wire=pcap:>{Output}");
        var arrived = ArrivedOf(frames);
        Assert.Equal($"{arrived.Count} packets forwarded, 0 dropped as unsendable, 0 dropped on full rings", last);
    }

    [Theory]
    [InlineData("forwarder", "([0-9]+) packets forwarded, ([0-9]+) dropped as unsendable, 0 dropped on full rings")]
    [InlineData("pipeline", "([0-9]+) packets sent, ([0-9]+) dropped as unsendable, 0 dropped at the end")]
    public void WhatOnePortCannotSendIsDroppedAndCounted(string sample, string expected)
    {
        byte[][] frames = WriteInput(i => i % 2 == 0 ? 1514 : 60 + i % 1300);
        string last = RunUntil(() => HasCome(frames[^1]), PosixSignal.SIGTERM,
            sample, $"sim:ixgbe,wire=pcap:{Input},rate=1kpps", $"sim:virtio,mtu=1400,wire=pcap:>{Output}");
        var arrived = ArrivedOf([.. frames.Where(frame => frame.Length < 1514)]);
        var counts = Regex.Match(last, $"^{expected}$").Groups;
        Assert.Equal(arrived.Count, Number(counts[1]));
        // Every other frame; fewer if some were missed.
        Assert.InRange(Number(counts[2]), 1, frames.Length / 2);
    }

    // A link at 100 Mbit/s takes 148,809 frames per second.
    [Fact]
    public void WhatFindsAFullRingIsDroppedAndCounted()
    {
        using var forwarder = SamplePrograms.Start(
            "forwarder", "sim:ixgbe,wire=generator,rate=1Mpps", $"sim:ixgbe,model=x540,speed=100M,wire=pcap:>{Output}");
        forwarder.WaitForOutput("Mpps\n");
        string last = Stop(forwarder, PosixSignal.SIGINT);
        var match = Regex.Match(
            last, "^([1-9][0-9]*) packets forwarded, 0 dropped as unsendable, ([1-9][0-9]*) dropped on full rings$");
        Assert.True(match.Success, last);
    }

    [Fact]
    public void TheGeneratorSendsNumberedFrames()
    {
        using var generator = SamplePrograms.Start(
            "generator", $"sim:ixgbe,model=x540,speed=100M,mac=02:00:5e:00:53:01,wire=pcap:>{Output}");
        generator.WaitForOutput("Mpps\n");
        int sent = Number(
            Regex.Match(Stop(generator, PosixSignal.SIGINT), "^([0-9]+) packets sent, 0 received$").Groups[1]);
        var frames = CaptureFiles.Frames(Output);
        // Frames still in the ring at the end do not leave it.
        Assert.InRange(frames.Count, sent - 512, sent);
        Assert.InRange(frames.Count, 1000, 10_000_000);
        Assert.Equal(
            Enumerable.Range(0, frames.Count),
            frames.Select(frame => BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan()[^4..])));
        Assert.Equal("FFFFFFFFFFFF02005E00530188B5", Convert.ToHexString(frames[0].AsSpan(0, 14)));
    }

    [Fact]
    public void TheReflectorSendsFramesBackToTheirSource()
    {
        byte[][] frames = WriteInput(i => 60 + i % 1400);
        byte[][] reflected = [.. frames.Select(frame => (byte[])[.. frame[6..12], .. frame[..6], .. frame[12..]])];
        string last = RunUntil(() => HasCome(reflected[^1]), PosixSignal.SIGINT,
            "reflector", $"sim:ixgbe,wire=pcap:{Input}>{Output},rate=1kpps");
        var arrived = ArrivedOf(reflected);
        Assert.Equal($"{arrived.Count} packets sent back, 0 dropped as unsendable, 0 dropped on full rings", last);
    }

    [Fact]
    public void TheCaptureIsWhatCame()
    {
        byte[][] frames = WriteInput(i => 60 + i % 1400);
        string last = RunUntil(
            () => HasCome(frames[^1]), PosixSignal.SIGINT, "capture", $"sim:ixgbe,wire=pcap:{Input},rate=1kpps",
            Output);
        Assert.Equal($"{ArrivedOf(frames).Count} packets written to {Output}, 0 dropped", last);
    }

    [Fact]
    public void ACaptureOnAFullDiskEndsWithTheReason()
    {
        var (exitCode, _, error) = SamplePrograms.Run("capture", "sim:ixgbe,wire=generator,rate=10kpps", "/dev/full");
        Assert.Equal(1, exitCode);
        Assert.Contains("No space left on device", Assert.Single(error.TrimEnd('\n').Split('\n')));
    }

    [Fact]
    public void EveryFramePassesTheThreeThreadsOfThePipelineInOrder()
    {
        const int Frames = 5000, Block = 60 + 32;
        RunUntil(() => File.Exists(Output) && new FileInfo(Output).Length > Frames * Block, PosixSignal.SIGINT,
            "pipeline", "sim:ixgbe,wire=generator,rate=40kpps", $"sim:ixgbe,wire=pcap:>{Output}");
        // Frames that arrive before the loop starts are lost, and so are those that come too fast for a busy machine.
        var numbers = CaptureFiles.Frames(Output)
            .Select(frame => BinaryPrimitives.ReadUInt64LittleEndian(frame.AsSpan(NumberAt))).ToList();
        Assert.InRange(numbers.Count, Frames - 2, int.MaxValue);
        Assert.Equal(numbers.Distinct().Order(), numbers);
    }

    // More frames arrive than leave.
    [Fact]
    public void APipelineWhoseRingsAreFullEndsToo()
    {
        using var pipeline = SamplePrograms.Start(
            "pipeline", "sim:ixgbe,wire=generator", "sim:ixgbe,model=x540,speed=100M,wire=loopback");
        pipeline.WaitForOutput("Mpps\n");
        Assert.Matches(
            "^[1-9][0-9]* packets sent, 0 dropped as unsendable, [0-9]+ dropped at the end$",
            Stop(pipeline, PosixSignal.SIGINT));
    }

    [Theory]
    [InlineData("forwarder", "sim:ixgbe", "sim:ixgbe,wire=loopback")]
    [InlineData("generator", "sim:ixgbe")]
    [InlineData("capture", "sim:ixgbe", "/dev/null")]
    [InlineData("pipeline", "sim:ixgbe", "sim:ixgbe,wire=loopback")]
    [InlineData("reflector", "sim:ixgbe")]
    public void WithoutALinkTheyWaitUntilTheyAreStopped(string sample, params string[] arguments)
    {
        using var program = SamplePrograms.Start(sample, arguments);
        program.WaitForOutput("waiting for the link\n");
        Assert.Contains("0 ", Stop(program, PosixSignal.SIGINT));
    }

    /// <summary>The command shown above the program in the README.</summary>
    [Fact]
    [Trait("needs", "time")]
    public void TheCommandOfTheReadmeRuns()
    {
        string[] command = CommandOfTheReadme().Match(File.ReadAllText(Path.Combine(Checkout.Root, "README.md")))
            .Groups[1].Value.Split(' ');
        // When timeout is signalled, it signals its whole process group, as Ctrl-C does.
        using var run = IxyProcess.StartOther(
            "env", ["-C", Checkout.Root, "timeout", "--preserve-status", "--signal=INT", "--kill-after=20",
            "100", .. command]);
        try
        {
            run.WaitForOutput("Mpps\n");
        }
        finally
        {
            run.Signal(PosixSignal.SIGINT);
        }
        Assert.True(run.WaitForExit() == 0, run.Output + run.Error);
        Assert.Matches(
            "\n[1-9][0-9]* packets forwarded, 0 dropped as unsendable, [0-9]+ dropped on full rings\n$", run.Output);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>Frames for a wire to send, all different.</summary>
    private byte[][] WriteInput(Func<int, int> length)
    {
        byte[][] frames = [.. Enumerable.Range(0, 2000).Select(i => CaptureFiles.Frame(length(i), (byte)i))];
        foreach (var (i, frame) in frames.Index()) BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(^4..), i);
        CaptureFiles.Write(Input, frames);
        return frames;
    }

    /// <summary>
    /// The frames in the output: in order, none twice. Frames that arrived before the card was set up are missing, and
    /// so are those that arrived while a busy machine had no time for the program.
    /// </summary>
    private List<byte[]> ArrivedOf(byte[][] frames)
    {
        var arrived = CaptureFiles.Frames(Output);
        int next = 0;
        foreach (byte[] frame in arrived)
        {
            next = Array.FindIndex(frames, next, sent => sent.AsSpan().SequenceEqual(frame)) + 1;
            Assert.True(next > 0, $"a frame of {frame.Length} bytes was not sent, came twice or too late");
        }
        Assert.NotEmpty(arrived);
        return arrived;
    }

    // Once per second, the wire writes what it has received.
    private bool HasCome(byte[] frame) => File.Exists(Output) && File.ReadAllBytes(Output).AsSpan().IndexOf(frame) >= 0;

    /// <summary>Stops a sample once a condition holds. Returns its last line.</summary>
    private static string RunUntil(Func<bool> condition, PosixSignal signal, string sample, params string[] arguments)
    {
        using var program = SamplePrograms.Start(sample, arguments);
        long start = Environment.TickCount64;
        while (!condition())
        {
            Assert.True(
                program.Error == "" && Environment.TickCount64 - start < 30_000,
                $"waited in vain: {program.Output}{program.Error}");
            Thread.Sleep(50);
        }
        return Stop(program, signal);
    }

    private static int Number(Group digits) =>
        int.Parse(digits.Value, System.Globalization.CultureInfo.InvariantCulture);

    private static string Stop(IxyProcess program, PosixSignal signal)
    {
        program.Signal(signal);
        Assert.Equal((0, ""), (program.WaitForExit(), program.Error));
        return program.Output.TrimEnd('\n').Split('\n')[^1];
    }

    [GeneratedRegex("^(dotnet run .*)$", RegexOptions.Multiline)]
    private static partial Regex CommandOfTheReadme();
}
