namespace Ixy.Captures.Tests;

public sealed class CaptureReadAheadTests
{
    [Fact]
    public void FramesComeInOrderWithTheirTimes()
    {
        // Several buffers' worth, with one time that goes back.
        var frames = Enumerable.Range(0, 5000)
            .Select(i => (Time: i == 7 ? -3L : i * 10L, Frame: CaptureBuilder.Frame(14 + i % 1500, (byte)i)))
            .ToList();
        using var ahead = new CaptureReadAhead(
            () => Capture(frames.Select(frame => (frame.Time + 1_700_000_000_000_000_000, frame.Frame))));
        foreach (var expected in frames)
        {
            Assert.True(Next(ahead, out var frame, out long time));
            Assert.Equal(expected.Time, time);
            Assert.True(frame.SequenceEqual(expected.Frame));
            ahead.Advance();
        }
        Assert.False(Next(ahead, out _, out _));
        Assert.True(ahead.IsAtEnd);
        Assert.False(ahead.TryPeek(out _, out _));
    }

    [Fact]
    public void AFurtherPassBeginsWhenTheOneBeforeEnds()
    {
        using var ahead = new CaptureReadAhead(() => Capture([(1000, new byte[60]), (1500, new byte[60])]), passes: 3);
        var times = new List<long>();
        for (; Next(ahead, out _, out long time); ahead.Advance()) times.Add(time);
        Assert.Equal([0, 500, 500, 1000, 1000, 1500], times);
    }

    // The last frame captured need not be the last one in the file.
    [Fact]
    public void APassEndsWithItsLatestTime()
    {
        using var ahead = new CaptureReadAhead(
            () => Capture([(1000, new byte[60]), (1500, new byte[60]), (1200, new byte[60])]), passes: 2);
        var times = new List<long>();
        for (; Next(ahead, out _, out long time); ahead.Advance()) times.Add(time);
        Assert.Equal([0, 500, 200, 500, 1000, 700], times);
    }

    // A jump into the future and back, one that stays, and a clock that is set back for good.
    [Theory]
    [InlineData(null, new long[] { 0, 65_536_000, 40, 90, 7_200_090, 100, 5 })]
    [InlineData(1000, new long[] { 0, 1000, 1000, 1050, 2050, 2050, 1955 })]
    [InlineData(0, new long[] { 0, 0, 0, 0, 0, 0, 0 })]
    public void GapsAreBounded(int? longest, long[] expected)
    {
        long[] times = [0, 65_536_000, 40, 90, 7_200_090, 100, 5];
        TimeSpan? gap = longest is { } limit ? TimeSpan.FromMilliseconds(limit) : null;
        using var ahead = new CaptureReadAhead(
            () => Capture(times.Select(time => (1_700_000_000_000_000_000 + time * 1_000_000, new byte[60]))),
            longestGap: gap);
        var found = new List<long>();
        for (; Next(ahead, out _, out long time); ahead.Advance()) found.Add(time / 1_000_000);
        Assert.Equal(expected, found);
    }

    [Fact]
    public void AFurtherPassBeginsAfterTheBoundedOne()
    {
        using var ahead = new CaptureReadAhead(
            () => Capture([(0, new byte[60]), (long.MaxValue, new byte[60])]), passes: 3, TimeSpan.FromSeconds(1));
        var times = new List<long>();
        for (; Next(ahead, out _, out long time); ahead.Advance()) times.Add(time / 1_000_000_000);
        Assert.Equal([0, 1, 1, 2, 2, 3], times);
    }

    [Fact]
    public void FilledFramesAreKnown()
    {
        byte[] file = new CaptureBuilder(false).PcapHeader().PcapPacket(new byte[60], 1514).PcapPacket(new byte[60])
            .Bytes;
        using var ahead = new CaptureReadAhead(() =>
        {
            var reader = CaptureReader.Open(new MemoryStream(file), "test");
            reader.FillsCutFrames = true;
            return reader;
        });
        Assert.True(Next(ahead, out var frame, out _));
        Assert.Equal((1514, true), (frame.Length, ahead.IsFilled));
        ahead.Advance();
        Assert.True(Next(ahead, out frame, out _));
        Assert.Equal((60, false), (frame.Length, ahead.IsFilled));
    }

    // Such a frame fits into no buffer; any exception but this one would end the program.
    [Fact]
    public void AFrameOfMegabytesIsDamage()
    {
        byte[] file = new CaptureBuilder(false).Section().Interface().Enhanced(new byte[2 << 20]).Bytes;
        using var ahead = new CaptureReadAhead(() => CaptureReader.Open(new MemoryStream(file), "test"));
        Assert.Contains(
            "at most 262144", Assert.Throws<CaptureFormatException>(() => Next(ahead, out _, out _)).Message);
    }

    [Fact]
    public void AnEmptyCaptureHasAnEnd()
    {
        using var ahead = new CaptureReadAhead(() => Capture([]), passes: long.MaxValue);
        Assert.False(Next(ahead, out _, out _));
        Assert.True(ahead.IsAtEnd);
    }

    [Theory]
    [InlineData(0, long.MaxValue)]
    [InlineData(long.MaxValue, 0)]
    public void TimesMayBeAnything(long first, long second)
    {
        using var ahead = new CaptureReadAhead(
            () => Capture([(first, new byte[60]), (second, new byte[60])]), passes: 2);
        int frames = 0;
        for (; Next(ahead, out _, out _); ahead.Advance()) frames++;
        Assert.Equal(4, frames);
    }

    [Fact]
    public void DamageIsToldWhenTheFramesBeforeItAreTaken()
    {
        byte[] file = new CaptureBuilder(false).Section().Interface().Enhanced(new byte[60]).Enhanced(new byte[60])
            .Bytes[..^4];
        using var ahead = new CaptureReadAhead(() => CaptureReader.Open(new MemoryStream(file), "test"));
        Assert.True(Next(ahead, out _, out _));
        ahead.Advance();
        Assert.Contains(
            "ends in the middle", Assert.Throws<CaptureFormatException>(() => Next(ahead, out _, out _)).Message);
    }

    [Fact]
    public void WhoStopsEarlyWaitsForNothing()
    {
        long opened = 0;
        var ahead = new CaptureReadAhead(() =>
        {
            opened++;
            return Capture([(0, new byte[15_000])]);
        }, long.MaxValue);
        Assert.True(Next(ahead, out _, out _));
        ahead.Dispose();
        long before = Interlocked.Read(ref opened);
        Thread.Sleep(50);
        Assert.Equal(before, Interlocked.Read(ref opened));
    }

    [Fact]
    public void NothingIsAllocatedPerFrame()
    {
        byte[] file;
        using (var stream = new MemoryStream())
        {
            using (var writer = new PcapngWriter(stream))
            {
                for (int i = 0; i < 1000; i++) writer.Write(new byte[1500], i);
            }
            file = stream.ToArray();
        }
        using var ahead = new CaptureReadAhead(() => CaptureReader.Open(new MemoryStream(file), "test"), long.MaxValue);
        Allocations.None(() =>
        {
            while (!ahead.TryPeek(out _, out _)) Thread.Yield();
            ahead.Advance();
        }, 10_000); // many buffers' worth
    }

    private static CaptureReader Capture(IEnumerable<(long Time, byte[] Frame)> frames)
    {
        using var stream = new MemoryStream();
        using (var writer = new PcapngWriter(stream))
        {
            foreach (var (time, frame) in frames) writer.Write(frame, time);
        }
        return CaptureReader.Open(new MemoryStream(stream.ToArray()), "test");
    }

    private static bool Next(CaptureReadAhead ahead, out ReadOnlySpan<byte> frame, out long time)
    {
        while (!ahead.TryPeek(out frame, out time))
        {
            if (ahead.IsAtEnd) return false;
            Thread.Yield();
        }
        return true;
    }
}
