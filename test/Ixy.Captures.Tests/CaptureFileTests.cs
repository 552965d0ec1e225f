using System.Buffers.Binary;
using System.IO.Pipes;
using Ixy.Captures.Formats;

namespace Ixy.Captures.Tests;

public sealed class CaptureFileTests : IDisposable
{
    private static readonly CaptureInterface[] s_two =
        [new() { Name = "left" }, new() { Name = "right", SpeedMbps = 10_000 }];
    private static readonly CaptureFileOptions s_small = new() { BufferSize = 1 << 19, BufferCount = 2 };
    // Otherwise a writer without a core takes no buffer, and frames are dropped.
    private static readonly CaptureFileOptions s_waiting = s_small with { WaitsForDisk = true };
    private readonly PacketSource _packets = new();

    [Fact]
    public void WhatIsCapturedIsReadBack() => Property.Holds<(bool Right, ushort Length, uint Pause)[][]>(batches =>
    {
        var expected = new List<(int Interface, long Time, string Frame)>();
        using var stream = new MemoryStream();
        long time = 1_700_000_000_123_456_789;
        using (var capture = new CaptureFile(stream, s_two, s_waiting))
        {
            foreach (var batch in batches)
            {
                foreach (var (right, length, pause) in batch)
                {
                    byte[] frame = CaptureBuilder.Frame(14 + length % (15_996 - 14 + 1), (byte)length);
                    time += pause;
                    expected.Add((right ? 1 : 0, time, Convert.ToHexString(frame)));
                    Assert.Equal(1, capture.Write(right ? 1 : 0, _packets.Batch(frame), time));
                    capture.WriteOld();
                }
            }
            capture.Complete();
            for (int i = 0; i < 2; i++)
            {
                int count = expected.Count(frame => frame.Interface == i);
                Assert.Equal(new CaptureCounts(count, count, 0), capture.Counts(i));
            }
        }
        Assert.Equal(
            expected, Read(stream.ToArray())
            .Select(frame => (frame.Interface, frame.Time, Convert.ToHexString(frame.Frame))));
    }, tests: 100);

    [Fact]
    public void WhatIsLearntOfAnInterfaceInTimeIsInTheFile()
    {
        using var stream = new MemoryStream();
        CaptureInterface[] faster = [s_two[0] with { SpeedMbps = 2_500 }, s_two[1]];
        using (var file = new CaptureFile(stream, s_two))
        {
            Assert.Throws<ArgumentException>(() => file.TryDescribe([s_two[0]]));
            Assert.True(file.TryDescribe(faster));
        }
        byte[] expected = PcapngBlocks.Header(faster, new CaptureFileOptions().SnapLength);
        Assert.Equal(expected, stream.ToArray()[..expected.Length]);
        using var late = new CaptureFile(new MemoryStream(), s_two);
        late.Complete();
        Assert.False(late.TryDescribe(faster));
    }

    [Fact]
    public void TimesOfAnInterfaceNeverGoBack()
    {
        using var stream = new MemoryStream();
        using (var capture = new CaptureFile(stream, s_two, s_small))
        {
            foreach (var (i, time) in new[] { (0, 5), (0, 3), (1, 2), (0, 6) })
                capture.Write(i, _packets.Batch(new byte[60]), time);
        }
        Assert.Equal(
            [(0, 5), (0, 5), (1, 2), (0, 6)], Read(stream.ToArray())
            .Select(frame => (frame.Interface, (int)frame.Time)));
    }

    [Fact]
    public void TheClockIsTheSystemsAndNeverGoesBack()
    {
        const double slewed = 0.1; // the system clock may be slewed meanwhile
        var clock = new CaptureClock();
        double before = (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;
        long last = clock.Now;
        Assert.InRange(last / 1e9, before - slewed, (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds + slewed);
        for (int i = 0; i < 100_000; i++)
        {
            long now = clock.Now;
            Assert.True(now >= last, "the clock went back");
            last = now;
        }
    }

    // The disk stalls: the buffers fill up, further frames are dropped, and every frame is accounted for.
    [Fact]
    public void ADiskThatIsTooSlowDropsAndCounts()
    {
        const int Frames = 2000;
        using var stream = new StuckStream();
        var taken = new List<byte[]>();
        using (var capture = new CaptureFile(stream, s_two, s_small))
        {
            for (int i = 0; i < Frames; i++)
            {
                byte[] frame = CaptureBuilder.Frame(1514, (byte)i);
                if (capture.Write(1, _packets.Batch(frame), i) == 1) taken.Add(frame);
            }
            Assert.True(stream.Reached.Wait(TimeSpan.FromSeconds(10)));
            Assert.InRange(taken.Count, 2 * (1 << 19) / 1560, Frames / 2); // two buffers full
            Assert.Equal(new CaptureCounts(Frames, 0, Frames - taken.Count), capture.Counts(1));
            stream.LetGo();
            capture.Complete();
            Assert.Equal(new CaptureCounts(Frames, taken.Count, Frames - taken.Count), capture.Counts(1));
            Assert.Equal(new CaptureCounts(), capture.Counts(0));
            Assert.Null(capture.Failure);
        }
        Assert.Equal(taken, Read(stream.ToArray()).Select(frame => frame.Frame));
    }

    // As above, but the disk is only slow: the writer catches up now and then, so frames are missing in between.
    [Fact]
    public void APipeThatIsReadSlowlyDropsAndCounts()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var end = new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle);
        var file = new MemoryStream();
        var reader = new Thread(() => ReadSlowly(end, file));
        reader.Start();
        CaptureCounts counts;
        using (var capture = new CaptureFile(pipe, s_two, s_small))
        {
            // Until both have been seen: frames that found no room, and later ones that found room again.
            long dropped = 0;
            for (int i = 0; i < 1_000_000 && (dropped < 100 || capture.Length < 2 << 19); i++)
                dropped += 1 - capture.Write(0, _packets.Batch(new byte[1514]), i);
            capture.Complete();
            counts = capture.Counts(0);
        }
        Assert.True(reader.Join(TimeSpan.FromSeconds(30)));
        Assert.Equal(counts.Received, counts.Written + counts.Dropped);
        Assert.True(counts.Dropped >= 100, $"{counts}");
        var frames = Read(file.ToArray());
        Assert.Equal(counts.Written, frames.Count);
        Assert.Equal(frames.Select(frame => frame.Time).Order(), frames.Select(frame => frame.Time));
    }

    // Losses in card and driver are in the file too, each count in its own option (draft-ietf-opsawg-pcapng, 4.6).
    [Fact]
    public void TheStatisticsAreThoseOfCardDriverAndFile()
    {
        using var stream = new MemoryStream();
        using (var capture = new CaptureFile(stream, [new()], s_small))
        {
            capture.Write(0, _packets.Batch(new byte[60], new byte[60]), 1);
            capture.Complete([new() { RxPackets = 100, RxMissed = 20, RxDropped = 3 }]);
        }
        var block = stream.ToArray().AsSpan();
        block = block[^BinaryPrimitives.ReadInt32LittleEndian(block[^4..])..];
        Assert.Equal(5, BinaryPrimitives.ReadInt32LittleEndian(block));
        var options = new Dictionary<int, long>();
        for (var rest = block[20..]; BinaryPrimitives.ReadUInt16LittleEndian(rest) is var code and not 0;
            rest = rest[12..])
            options.Add(code, BinaryPrimitives.ReadInt64LittleEndian(rest[4..]));
        Assert.Equal((120, 23, 0, 2), (options[4], options[5], options[7], options[8]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(250)] // enough for the statistics, which follow the refused header
    [InlineData(700_000)]
    [InlineData(1_500_001)]
    public void ADiskThatIsFullLeavesWholeFrames(int room)
    {
        using var stream = new FullStream(room);
        using (var capture = new CaptureFile(stream, s_two, s_waiting))
        {
            for (int i = 0; i < 2000; i++)
                capture.Write(i % 2, _packets.Batch(CaptureBuilder.Frame(1514, (byte)i)), i);
            capture.Complete();
            Assert.Equal("no room", capture.Failure?.Message);
            var (left, right) = (capture.Counts(0), capture.Counts(1));
            Assert.All([left, right],
                counts => Assert.Equal((1000, 1000), (counts.Received, counts.Written + counts.Dropped)));
            byte[] file = stream.ToArray();
            if (room < 400) Assert.Empty(file); // not even room for the header
            else Assert.Equal(left.Written + right.Written, Read(file).Count);
            Assert.InRange(file.Length, 0, room);
        }
    }

    [SkippableFact]
    public void ADeviceWithoutRoomIsTold()
    {
        Skip.IfNot(File.Exists("/dev/full"), "there is no /dev/full");
        using var capture = CaptureFile.Create("/dev/full", s_two);
        capture.Write(0, _packets.Batch(new byte[60]), 1);
        capture.Complete();
        Assert.IsType<IOException>(capture.Failure, exactMatch: false);
        Assert.Contains("No space left on device", capture.Failure.Message);
        Assert.DoesNotContain("cut", capture.Failure.Message); // nothing needs to be cut off
        Assert.Equal(new CaptureCounts(1, 0, 1), capture.Counts(0));
    }

    [Fact]
    public void AReaderThatGoesAwayIsNoticed()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle).Dispose();
        pipe.DisposeLocalCopyOfClientHandle();
        using var capture = new CaptureFile(pipe, s_two, s_small);
        for (int i = 0; i < 1000; i++) capture.Write(0, _packets.Batch(new byte[1514]), i);
        capture.Complete();
        Assert.Contains("Broken pipe", capture.Failure?.Message);
        Assert.Equal(new CaptureCounts(1000, 0, 1000), capture.Counts(0));
    }

    [Fact]
    public void WhatHasWaitedGoesToTheFile()
    {
        var clock = new ManualClock();
        using var file = new TemporaryFile();
        using var capture = CaptureFile.Create(file.Path, s_two, new() { Clock = clock });
        capture.Write(0, _packets.Batch(new byte[60]), capture.Now);
        clock.Now += TimeSpan.FromMilliseconds(100);
        capture.WriteOld();
        Assert.True(capture.TryDescribe(s_two)); // nothing has been handed to the file
        clock.Now += TimeSpan.FromMilliseconds(1);
        Assert.True(SpinWait.SpinUntil(() =>
        {
            capture.WriteOld();
            return capture.Counts(0).Written == 1;
        }, TimeSpan.FromSeconds(10)));
        Assert.Single(Read(File.ReadAllBytes(file.Path)));
    }

    [Fact]
    public void NothingIsAllocatedPerFrame()
    {
        using var capture = new CaptureFile(Stream.Null, s_two, s_small);
        var packets = new Packet[32];
        _packets.Batch([.. Enumerable.Repeat(new byte[1514], 32)]).CopyTo(packets);
        Allocations.None(() => capture.Write(0, packets, capture.Now), 1000); // many buffers' worth
        Assert.InRange(capture.Counts(0).Received, 32_000, 160_000);
    }

    [Theory]
    [InlineData(0, 1 << 20, 64, "a snap length of 1 to 262144 bytes")]
    [InlineData(262_145, 1 << 20, 64, "a snap length of 1 to 262144 bytes")]
    [InlineData(64, 1000, 64, "a buffer of 524288 to 67108864 bytes")]
    [InlineData(64, 1 << 20, 1, "2 to 65536 buffers")]
    public void OptionsHaveRanges(int snapLength, int size, int count, string expected)
    {
        var options = new CaptureFileOptions { SnapLength = snapLength, BufferSize = size, BufferCount = count };
        Assert.Contains(
            expected, Assert.Throws<ArgumentOutOfRangeException>(() => new CaptureFile(Stream.Null, s_two, options))
            .Message);
    }

    public void Dispose() => _packets.Dispose();

    internal static List<(int Interface, long Time, byte[] Frame)> Read(byte[] file)
    {
        using var reader = CaptureReader.Open(new MemoryStream(file), "test");
        var frames = new List<(int, long, byte[])>();
        while (reader.Read(out var frame)) frames.Add((reader.InterfaceId, reader.Time, frame.ToArray()));
        return frames;
    }

    private static void ReadSlowly(Stream from, Stream to)
    {
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = from.Read(buffer)) > 0;)
        {
            to.Write(buffer, 0, read);
            Thread.Sleep(1);
        }
    }
}
