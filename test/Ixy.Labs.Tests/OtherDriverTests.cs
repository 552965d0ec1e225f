namespace Ixy.Labs.Tests;

/// <summary>Correct drivers that differ from the solution get all points too.</summary>
public sealed class OtherDriverTests
{
    private const string LongCopy = "{ var copy = _buffers.Bytes(); "
        + "for (int i = 0; i < frame.Length; i++) { copy[_next * BufferSize + i] = frame[i]; } }";

    // Sizes that the driver may choose, and more or less work per frame than in the solution.
    [SkippableTheory]
    [InlineData(3, "RingSize = 64 ==> RingSize = 8")]
    [InlineData(3, "RingSize = 64 ==> RingSize = 72")]
    [InlineData(3, "RingSize = 64 ==> RingSize = 1024")]
    [InlineData(3, "BufferSize = 2048 ==> BufferSize = 4096")]
    [InlineData(3, "        _registers.Write32(RDT, (uint)_next); ==> "
        + "if (_next % 8 == 7) _registers.Write32(RDT, (uint)_next);")]
    [InlineData(3, "return frame; ==> for (int i = 0; i < 4000; i++) { ; } return frame;")]
    [InlineData(4, "RingSize = 64 ==> RingSize = 8")]
    [InlineData(4, "RingSize = 64 ==> RingSize = 72")]
    [InlineData(4, "RingSize = 64 ==> RingSize = 512")]
    [InlineData(4, "RingSize = 64 ==> RingSize = 1024")]
    [InlineData(4, "frame.CopyTo(_buffers.Bytes().Slice(_next * BufferSize)); ==> " + LongCopy)]
    [InlineData(4, "int behind = (_next + 1) % RingSize; ==> "
        + "int behind = (_next + 1) % RingSize; if ((_next + RingSize - _oldest) % RingSize >= 5) return false;")]
    [InlineData(5, "RingSize = 64 ==> RingSize = 16")]
    [InlineData(5, "RingSize = 64 ==> RingSize = 72")]
    [InlineData(5, "RingSize = 64 ==> RingSize = 512")]
    [InlineData(5, "Buffers = 2 * RingSize ==> Buffers = RingSize + 40")]
    [InlineData(6, "RingSize = 256 ==> RingSize = 64")]
    [InlineData(6, "RingSize = 256 ==> RingSize = 512")]
    [InlineData(6, "ReportEvery = 16 ==> ReportEvery = 32")]
    [InlineData(6, "taken < RingSize / 2 && ==> taken < 32 &&")]
    [InlineData(7, "RingSize = 64 ==> RingSize = 8")]
    [InlineData(7, "RingSize = 64 ==> RingSize = 1024")]
    [InlineData(7, "BufferSize = 2048 ==> BufferSize = 4096")]
    [InlineData(8, "N = 64 ==> N = 8")]
    [InlineData(8, "N = 64 ==> N = 16")]
    [InlineData(8, "N = 64 ==> N = 256")]
    [InlineData(8, "BufferSize = 2048 ==> BufferSize = 1536")]
    [InlineData(8, "frame.CopyTo(buffer.Slice(Header)); ==> "
        + "for (int i = 0; i < frame.Length; i++) { byte one = frame[i]; buffer[Header + i] = one; }")]
    public void AnotherDriverHasAllPoints(int number, string changes)
    {
        var verdict = Grading.GradeMistake(number, changes);
        Assert.True(verdict.Findings.Count == 0, string.Join("\n", verdict.Findings));
    }

    // Rings of two lengths: neither determines the other.
    [SkippableTheory]
    [InlineData(256, 64)]
    [InlineData(64, 256)]
    [InlineData(512, 64)]
    [InlineData(64, 1024)]
    public void AForwarderMayHaveRingsOfTwoLengths(int left, int right)
    {
        string text = Grading.Solution(5);
        string[] ofRight = ["_out = Dma.Allocate(RingSize", "_outBuffers = new int[RingSize]", "(_outNext + 1) % RingSize",
            "(_outOldest + 1) % RingSize", "TDLEN, RingSize"];
        foreach (string one in ofRight)
        {
            Assert.Contains(one, text);
            text = text.Replace(one, one.Replace("RingSize", "Sent", StringComparison.Ordinal), StringComparison.Ordinal);
        }
        text = text.Replace("RingSize = 64, ", $"RingSize = {left}, Sent = {right}, ", StringComparison.Ordinal)
            .Replace("Buffers = 2 * RingSize", "Buffers = RingSize + 64", StringComparison.Ordinal);
        var verdict = Grading.Grade(5, text, seeds: 4);
        Assert.True(verdict.Findings.Count == 0, string.Join("\n", verdict.Findings));
    }

    // A ring with more entries than the grader used to send is wrapped too.
    [SkippableTheory]
    [InlineData(4, "RingSize = 64 ==> RingSize = 512\nreturn false; ==> { }")]
    [InlineData(4, "RingSize = 64 ==> RingSize = 512\n_next = behind; ==> _next++;")]
    [InlineData(5, "RingSize = 64 ==> RingSize = 512\n_outNext = behind; ==> _outNext++;")]
    [InlineData(8, "N = 64 ==> N = 256\nif (_free.Count == 0) return false; ==> ")]
    public void AMistakeInALongRingIsFound(int number, string changes)
    {
        var verdict = Grading.GradeMistake(number, changes);
        Assert.InRange(verdict.Points, 0, verdict.Of - 1);
    }

    // What a later exercise requires is not a mistake in an earlier one.
    [SkippableTheory]
    [InlineData(3, 7)]
    [InlineData(5, 6)]
    public void TheSolutionOfALaterExerciseHasAllPoints(int number, int later)
    {
        var verdict = Grading.Grade(number, Grading.Solution(later), seeds: 4);
        Assert.True(verdict.Findings.Count == 0, string.Join("\n", verdict.Findings));
    }
}
