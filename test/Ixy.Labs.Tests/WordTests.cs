using Ixy.Labs.Grader;

namespace Ixy.Labs.Tests;

/// <summary>What the grader must not say, because it is not true.</summary>
public sealed class WordTests
{
    // FCTRL is right; the broadcast frame merely happens to be the second one.
    [SkippableFact]
    public void AWrongBufferIsNotBlamedOnBroadcast()
    {
        var verdict = Grading.GradeMistake(3, "Slice(_next * BufferSize, length) ==> Slice(0, length)");
        Assert.Equal(0, verdict.Points);
        Assert.DoesNotContain("FCTRL", Report.Json(verdict));
        Assert.DoesNotContain("the lap before", Report.Json(verdict));
    }

    [SkippableFact]
    public void OneFrameIsOne()
    {
        var finding = Grading.GradeMistake(3, "ulong status = ring[2 * _next + 1]; ==> ulong status = ring[_next + 1];")
            .Findings[0];
        Assert.StartsWith("After 1 frame none came any more", finding.Message);
        Assert.Equal("82599 7.1.6", finding.Section);
    }

    // Nor does the grader disturb frames in buffers that the driver has not yet notified the device of.
    [SkippableFact]
    public void OneNoticeForSeveralBuffersIsNoMistake()
    {
        var verdict = Grading.GradeMistake(8, "        _device.Notify(0); ==> if (++_given % 4 == 0) _device.Notify(0);\n"
            + "    private VirtioDevice _device ==>     private int _given; private VirtioDevice _device", seeds: 24);
        Assert.True(verdict.Findings.Count == 0, string.Join("\n", verdict.Findings));
    }

    // The time runs out while the driver waits, not in a loop.
    [SkippableFact]
    public void ALongWaitIsNotCalledALoop()
    {
        var finding = Grading.GradeMistake(3, "card.EnableBusMaster(); ==> card.Wait(TimeSpan.FromSeconds(2));").Findings[0];
        Assert.Contains("waits longer than 1000 ms", finding.Message);
        Assert.DoesNotContain("loop", finding.Message);
    }
}
