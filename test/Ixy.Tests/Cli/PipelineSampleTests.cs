using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Ixy.Tests.Cli;

public sealed class PipelineSampleTests
{
    private const int NumberAt = 44;

    [Fact]
    public void EveryFramePassesThreeThreadsInOrder()
    {
        const int Frames = 20_000;
        string capture = Path.GetTempFileName();
        try
        {
            using var pipeline = IxyProcess.StartOther("dotnet", "exec", Path.Combine(AppContext.BaseDirectory, "Pipeline.dll"),
                $"sim:ixgbe,wire=generator,rate=40kpps,count={Frames}", $"sim:ixgbe,wire=pcap:>{capture}");
            // The wire writes each second what came; the packets' buffers have gone round several times by then.
            long start = Stopwatch.GetTimestamp();
            while (Last() < Frames - Frames / 4 && Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30)) Thread.Sleep(200);
            pipeline.Signal(PosixSignal.SIGINT);
            Assert.Equal(("", 0), (pipeline.Error, pipeline.WaitForExit()));
            // What came before the card was set up is lost, and what comes faster than a busy machine can take it.
            var numbers = Numbers().ToList();
            Assert.InRange(numbers.Count, 1, Frames);
            Assert.Equal(numbers.Distinct().Order(), numbers);
        }
        finally
        {
            File.Delete(capture);
        }

        IEnumerable<int> Numbers() => CaptureFiles.Frames(capture).Select(frame => (int)BinaryPrimitives.ReadUInt64LittleEndian(frame.AsSpan(NumberAt)));

        int Last() => new FileInfo(capture).Length == 0 ? -1 : Numbers().LastOrDefault(-1);
    }

    [Fact]
    public void ItTellsHowItIsCalled()
    {
        using var pipeline = IxyProcess.StartOther("dotnet", "exec", Path.Combine(AppContext.BaseDirectory, "Pipeline.dll"), "one");
        Assert.Equal(2, pipeline.WaitForExit());
        Assert.StartsWith("usage: Pipeline FROM TO", pipeline.Error);
    }
}
