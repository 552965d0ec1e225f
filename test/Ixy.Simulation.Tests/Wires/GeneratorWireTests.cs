using System.Buffers.Binary;
using Ixy.Captures;
using Ixy.Simulation.Wires;

namespace Ixy.Simulation.Tests.Wires;

public sealed class GeneratorWireTests
{
    private static readonly MacAddress s_cardMac = new(0x02_82_59_00_00_01);

    private static readonly int[] s_sizes = [60, 61, 67, 75, 76, 91, 92, 100, 128, 1514, 9000, 15_996];

    public static TheoryData<int> Sizes => [.. s_sizes];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void FramesThatComeBackUnchangedAreGood(int size)
    {
        using var wire = Generator(size, flows: 4);
        for (int i = 0; i < 1000; i++) wire.Send(Next(wire), 0);
        Expect(wire, sent: 1000, received: 1000);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void AnyChangedBitBehindTheAddressesIsSeen(int size)
    {
        using var wire = Generator(size);
        byte[] frame = Next(wire);
        frame = Next(wire); // the second one: its number is not zero
        int corrupted = 0;
        for (int at = 12; at < size; at++)
        {
            frame[at] ^= (byte)(1 << at % 8);
            wire.Send(frame, 0);
            frame[at] ^= (byte)(1 << at % 8);
            Assert.Equal(++corrupted, wire.Statistics.Corrupted);
        }
        wire.Send(frame, 0);
        Expect(wire, sent: 2, received: size - 12 + 1, lost: 1, corrupted: size - 12);
    }

    [Fact]
    public void TheAddressesMayBeChanged()
    {
        using var wire = Generator(60);
        for (int at = 0; at < 12; at++)
        {
            byte[] frame = Next(wire);
            frame[at]++; // ixy-fwd does this with byte 1
            wire.Send(frame, 0);
        }
        Expect(wire, sent: 12, received: 12);
    }

    [Fact]
    public void LossReorderingDuplicatesAndDamageAreCountedExactly() => Property.Holds<int[]>(steps =>
    {
        foreach (var (size, flows) in new[] { (60, 1), (60, 4), (125, 2) }) new Network(size, flows).Run(steps);
    }, tests: 500);

    [Fact]
    public void FramesMayComeOutOfAnotherGeneratorsCard()
    {
        using var left = Generator(60);
        using var right = Generator(1514);
        for (int i = 0; i < 100; i++)
        {
            right.Send(Next(left), 0);
            left.Send(Next(right), 0);
            byte[] second = Next(left);
            if (i % 2 == 0) left.Send(second, 0);
            else right.Send(second, 0);
        }
        Expect(left, sent: 200, received: 150);
        Expect(right, sent: 100, received: 150);
    }

    [Fact]
    public void WhatNoGeneratorSentIsForeign()
    {
        using var wire = Generator(60);
        byte[] damaged = Elsewhere(1)[0];
        damaged[50]++; // and this wire has seen no good frame of that generator
        wire.Send(new byte[60], 0);
        wire.Send(new byte[14], 0);
        wire.Send(Enumerable.Repeat((byte)0xFF, 1514).ToArray(), 0);
        wire.Send(damaged, 0);
        Expect(wire, received: 4, foreign: 4);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void FramesOfAGeneratorOfAnotherProcessAreGood(int size)
    {
        using var wire = Generator(60);
        foreach (byte[] frame in Elsewhere(500, size, flows: 16)) wire.Send(frame, 0);
        Expect(wire, received: 500);
    }

    // The wire need not see such a generator start, and is not told when it stops.
    [Fact]
    public void OfAGeneratorOfAnotherProcessIsLostWhatIsMissingInBetween()
    {
        using var wire = Generator(60);
        byte[][] frames = Elsewhere(100);
        int[] arrivals = [40, 41, 44, 43, 43, 38, 50, 46];
        foreach (int number in arrivals) wire.Send(frames[number], 0);
        frames[60][20] ^= 1;
        wire.Send(frames[60], 0);
        // 39, 42, 45, 47, 48 and 49.
        Expect(wire, received: arrivals.Length + 1, lost: 6, reordered: 3, duplicated: 1, corrupted: 1);
    }

    [Fact]
    public void LossAndOrderOfAnotherProcessAreCountedExactly() => Property.Holds<int[]>(steps =>
    {
        foreach (int flows in new[] { 1, 4 })
        {
            using var wire = Generator(60);
            byte[][] frames = Elsewhere(64, flows: flows);
            int[] arrivals = [.. steps.Select(step => Math.Abs(step % 64))];
            foreach (int number in arrivals) wire.Send(frames[number], 0);
            long lost = arrivals.GroupBy(number => number % flows)
                .Sum(flow => (flow.Max() - flow.Min()) / flows + 1 - flow.Distinct().Count());
            int different = arrivals.Distinct().Count();
            Assert.Equal(
                (lost, arrivals.Length - different, 0),
                (wire.Statistics.Lost, wire.Statistics.Duplicated, wire.Statistics.Foreign));
        }
    }, tests: 300);

    [Fact]
    public void SeveralGeneratorsOfOtherProcessesAreKeptApartUpToSixteen()
    {
        using var wire = Generator(60);
        // A 16-bit id (bytes 42 and 43) is drawn at random, and is free again once its generator is gone.
        byte[][][] streams = [.. Enumerable.Range(0, 34).Select(i => Elsewhere(4, size: 60 + i))
            .DistinctBy(stream => (stream[0][42], stream[0][43])).Take(17)];
        for (int number = 0; number < 4; number++)
        {
            foreach (byte[][] stream in streams) wire.Send(stream[number], 0);
            wire.Send(Next(wire), 0);
        }
        Expect(wire, sent: 4, received: 4 * 18, foreign: 4);
    }

    [Fact]
    public void WhatMayHaveLeftIsNotLostBeforeOneComesBack()
    {
        using var wire = Generator(60);
        wire.LetFramesLeave();
        byte[][] frames = [.. Enumerable.Range(0, 10).Select(_ => Next(wire))];
        Expect(wire, sent: 10);
        wire.Send(frames[3], 0);
        Expect(wire, sent: 10, received: 1, lost: 9);

        // A damaged frame, too, shows that frames come back.
        using var other = Generator(60);
        other.LetFramesLeave();
        byte[] damaged = Next(other);
        damaged[50]++;
        other.Send(damaged, 0);
        Expect(other, sent: 1, received: 1, lost: 1, corrupted: 1);
    }

    [Fact]
    public void ANumberThatWasNeverSentIsDamage()
    {
        using var wire = Generator(60);
        byte[] frame = Next(wire);
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(44), 77);
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(52), ~77UL);
        wire.Send(frame, 0);
        Expect(wire, sent: 1, received: 1, lost: 1, corrupted: 1);
    }

    [Fact]
    public void AFrameTooLateToJudgeRemainsLost()
    {
        using var wire = Generator(60);
        byte[] late = Next(wire);
        for (int i = 0; i < SequenceTracker.Window; i++) wire.Send(Next(wire), 0);
        wire.Send(late, 0);
        wire.Send(Next(wire), 0);
        wire.Send(late, 0);
        Expect(wire, sent: SequenceTracker.Window + 2, received: SequenceTracker.Window + 3, lost: 1, reordered: 2);
    }

    [Fact]
    public void ItStopsAfterItsCountAndWhenToldTo()
    {
        using var counted = Generator(60, count: 3);
        for (int i = 0; i < 3; i++) Assert.NotEmpty(Next(counted));
        Assert.True(counted.Receive(0, out _).IsEmpty);
        Assert.Equal(3, counted.Statistics.Sent);

        using var stopped = Generator(60);
        Next(stopped);
        stopped.StopSending();
        Assert.True(stopped.Receive(0, out _).IsEmpty);
        Assert.Equal(1, stopped.Statistics.Sent);
    }

    [Fact]
    public void FlowsTakeTurnsAndKeepAnOrderEach()
    {
        using var wire = Generator(60, flows: 8);
        byte[][] frames = [.. Enumerable.Range(0, 64).Select(_ => Next(wire))];
        Assert.Equal(
            8, frames.Select(frame => BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(34))).Distinct().Count());
        // queue by queue, as a driver takes them
        foreach (byte[] frame in frames.OrderBy(frame => frame[35])) wire.Send(frame, 0);
        Expect(wire, sent: 64, received: 64);
    }

    [Fact]
    public void NothingIsAllocatedPerFrame()
    {
        using var left = Generator(60, flows: 2);
        using var right = Generator(1514, rate: "10G");
        long now = 0;
        void Turn()
        {
            now += 1000;
            right.Send(left.Receive(now, out _), now);
            left.Send(right.Receive(now, out _), now);
        }
        Allocations.None(Turn, 50_000);
    }

    [Fact]
    public void NothingIsAllocatedPerFrameOfAnotherProcess()
    {
        using var wire = Generator(60);
        byte[][] frames = Elsewhere(2048, size: 128, flows: 2);
        int next = 0;
        Allocations.None(() => wire.Send(frames[next++ % frames.Length], 0), 50_000);
    }

    [SkippableFact]
    public void TsharkFindsNothingToComplainAbout()
    {
        Tool.SkipWithoutTshark();
        using var file = new TemporaryFile();
        using (var writer = PcapngWriter.Create(file.Path))
        {
            foreach (int size in s_sizes)
            {
                using var wire = Generator(size, flows: 16);
                for (int i = 0; i < 50; i++) writer.Write(Next(wire), i);
                writer.Write(LooksLikeCltp(size), 50);
            }
        }
        string[] options = [
            "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-d", "udp.port==16384-16639,data"];
        const string bothGood = "ip.checksum.status == 1 && udp.checksum.status == 1";
        string good = Tool.Run(
            "tshark", ["-r", file.Path, .. options, "-Y", bothGood, "-T", "fields", "-e", "frame.len"]);
        var expected = s_sizes.SelectMany(size => Enumerable.Repeat($"{size}", 51));
        Assert.Equal(expected, good.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        string bad = Tool.Run(
            "tshark", ["-r", file.Path, .. options, "-Y", "_ws.expert.severity >= 0x600000 || _ws.malformed"]);
        Assert.Equal("", bad);
    }

    // The payload is data, whatever it begins with. By default Wireshark guesses a protocol from it: it calls this
    // generator's frame number 19 "UD TPDU, malformed" if the frame is long.
    private static byte[] LooksLikeCltp(int size)
    {
        var frame = new NumberedFrame(id: 0x5241, size, flows: 16, s_cardMac);
        byte[] bytes = frame.NewBuffer();
        frame.Write(bytes, 19);
        return bytes;
    }

    private static GeneratorWire Generator(
        int size, int flows = 1, ulong count = ulong.MaxValue, string rate = "max") =>
        new(new()
        {
            Size = size,
            Flows = flows,
            Count = count,
            Rate = PacketRate.Parse(rate),
            Destination = s_cardMac
        });

    // Frames of a generator that this process no longer knows.
    private static byte[][] Elsewhere(int count, int size = 60, int flows = 1)
    {
        using var generator = Generator(size, flows);
        return [.. Enumerable.Range(0, count).Select(_ => Next(generator))];
    }

    private static byte[] Next(GeneratorWire wire)
    {
        byte[] frame = wire.Receive(0, out var errors).ToArray();
        Assert.Equal(FrameErrors.None, errors);
        return frame;
    }

    private static void Expect(GeneratorWire wire, long sent = 0, long received = 0, long lost = 0, long reordered = 0,
        long duplicated = 0, long corrupted = 0, long foreign = 0)
    {
        var found = wire.Statistics;
        Assert.Equal(
            (sent, received, lost, reordered, duplicated, corrupted, foreign),
            (found.Sent, found.Received, found.Lost, found.Reordered, found.Duplicated, found.Corrupted,
                found.Foreign));
    }

    /// <summary>A forwarder between two generators that treats each frame as the steps say, and keeps count.</summary>
    private sealed class Network(int size, int flows)
    {
        private readonly GeneratorWire _from = Generator(size, flows), _to = Generator(60);
        private readonly List<(long Number, byte[] Frame)> _held = [], _delivered = [];
        private readonly HashSet<long> _arrived = [];
        private readonly long[] _highest = [.. Enumerable.Repeat(-1L, flows)];
        private long _sent, _received, _reordered, _duplicated, _corrupted;

        internal void Run(int[] steps)
        {
            foreach (int step in steps) Step(Math.Abs(step) % 8, Math.Abs(step) / 8);
            Expect(_from, sent: _sent, lost: _sent - _arrived.Count);
            Expect(_to, received: _received, reordered: _reordered, duplicated: _duplicated, corrupted: _corrupted);
            _from.Dispose();
            _to.Dispose();
        }

        private void Step(int what, int value)
        {
            if (what == 5)
            {
                if (_delivered.Count > 0) Deliver(_delivered[value % _delivered.Count]);
                return;
            }
            if (what >= 6)
            {
                if (_held.Count == 0) return;
                var late = _held[value % _held.Count];
                _held.Remove(late);
                Deliver(late);
                return;
            }
            var frame = (Number: _sent++, Frame: Next(_from));
            if (what <= 1) Deliver(frame);
            if (what == 2) _held.Add(frame); // for good, or until a later step
            if (what == 3) DeliverDamaged(frame.Frame, value);
            if (what == 4) DeliverCut(frame.Frame, value);
        }

        private void Deliver((long Number, byte[] Frame) frame)
        {
            _received++;
            _to.Send(frame.Frame, 0);
            ref long highest = ref _highest[frame.Number % flows];
            if (!_arrived.Add(frame.Number)) _duplicated++;
            else if (frame.Number < highest) _reordered++;
            highest = Math.Max(highest, frame.Number);
            _delivered.Add(frame);
        }

        private void DeliverDamaged(byte[] frame, int value)
        {
            frame[12 + value * 7 % (size - 12)] ^= (byte)(1 + value % 255);
            _received++;
            _corrupted++;
            _to.Send(frame, 0);
        }

        private void DeliverCut(byte[] frame, int value)
        {
            _received++;
            _corrupted++;
            _to.Send(value % 2 == 0 ? [.. frame, 0] : frame.AsSpan(0, frame.Length - 1), 0);
        }
    }
}
