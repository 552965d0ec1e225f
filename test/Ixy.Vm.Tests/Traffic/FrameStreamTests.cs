namespace Ixy.Vm.Tests.Traffic;

/// <summary>A checker that finds nothing proves nothing: here it must detect every kind of fault.</summary>
public sealed class FrameStreamTests
{
    private const int Frames = 100;

    private readonly FrameStream _stream = new(new() { Frames = Frames, Flows = 2 }, 8, 9);
    private readonly List<byte[]> _frames = [];

    public FrameStreamTests()
    {
        while (!_stream.AllSent)
        {
            _frames.Add(_stream.NextFrame());
            _stream.CountSent();
        }
    }

    [Fact]
    public void AllInOrderIsFaultless()
    {
        Assert.Equal(Verdict.Faultless(Frames), Judge(_frames));
        Assert.True(_stream.AllArrived);
    }

    [Fact]
    public void EveryLengthComesUp()
    {
        var plan = new TrafficPlan();
        Assert.Equal(
            Enumerable.Range(60, 1455), Enumerable.Range(0, plan.Frames).Select(number => plan.Length((ulong)number))
            .Distinct().Order());
        var jumbo = plan with { Longest = 9014 };
        Assert.Equal(
            Enumerable.Range(60, 8955), Enumerable.Range(0, plan.Frames).Select(number => jumbo.Length((ulong)number))
            .Distinct().Order());
    }

    [Fact]
    public void AMissingFrameIsLost()
    {
        _frames.RemoveAt(40);
        Assert.Equal(new Verdict(Frames, 1, 0, 0, 0, 0), Judge(_frames));
    }

    [Fact]
    public void AFrameThatComesTwiceIsDuplicated()
    {
        _frames.Insert(50, _frames[40]);
        Assert.Equal(new Verdict(Frames, 0, 0, 1, 0, 0), Judge(_frames));
    }

    [Fact]
    public void OnlyWithinAFlowDoesTheOrderMatter()
    {
        (_frames[40], _frames[41]) = (_frames[41], _frames[40]);
        (_frames[60], _frames[62]) = (_frames[62], _frames[60]);
        Assert.Equal(new Verdict(Frames, 0, 1, 0, 0, 0), Judge(_frames));
    }

    [Fact]
    public void AnyChangedByteIsCorruption()
    {
        var frame = _frames[3];
        for (int i = 0; i < frame.Length; i++)
        {
            frame[i] ^= 0x10;
            _stream.Judge(frame);
            frame[i] ^= 0x10;
        }
        Assert.Equal(new Verdict(Frames, Frames, 0, 0, frame.Length, 0), _stream.Verdict);
        Assert.Equal(5, _stream.Faults.Split('\n').Length);
    }

    [Fact]
    public void AShorterOrLongerFrameIsCorruption()
    {
        _frames[3] = _frames[3][..^1];
        _frames[4] = [.. _frames[4], 0];
        Assert.Equal(new Verdict(Frames, 2, 0, 0, 2, 0), Judge(_frames));
        Assert.Contains($"frame 3: {_frames[3].Length} bytes instead of {_frames[3].Length + 1}", _stream.Faults);
    }

    [Fact]
    public void OthersFramesAreForeign()
    {
        var other = new FrameStream(new(), 10, 11);
        _frames.Add(other.NextFrame());
        Assert.Equal(new Verdict(Frames, 0, 0, 0, 0, 1), Judge(_frames));
    }

    private Verdict Judge(IEnumerable<byte[]> frames)
    {
        foreach (byte[] frame in frames) _stream.Judge(frame);
        return _stream.Verdict;
    }
}
