using System.Diagnostics;
using System.Security.Cryptography;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Virtio;
using Xunit.Abstractions;

namespace Ixy.Cli.Tests;

/// <summary>
/// Frames of any length, with tags and protocols of any kind, through the forwarder between any two cards, with rings
/// and limits of any size: it never ends by itself, and every frame is either delivered or counted, exactly. A failure
/// names the seed of its round; <c>IXY_FUZZ_SEED</c> starts there. <c>IXY_FUZZ_SECONDS</c> sets how long to run.
/// </summary>
public sealed class ForwardFuzzTests(ITestOutputHelper output) : IDisposable
{
    private const int LeastRounds = 8, FramesPerRound = 400, JumboFrame = 15_864;
    private static readonly ushort[] s_types = [0x0800, 0x86DD, 0x0806, 0x88B5, 0x88CC];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-fuzz-");
    private readonly int _seed = Number("IXY_FUZZ_SEED", 13_000), _seconds = Number("IXY_FUZZ_SECONDS", 0);
    private long _sent, _delivered, _refused, _missed, _dropped, _undeliverable;

    public void Dispose() => _directory.Delete(recursive: true);

    // The command's loops, with frames that only a virtual port sees: from one byte up.
    [Fact]
    public void EveryFrameIsDeliveredOrCounted()
    {
        int rounds = Repeat(LeastRounds, random =>
        {
            using DriverBench a = Open(random, out bool padsA)
                , b = Open(random, out bool padsB, a.Device.ReceiveQueues.Count);
            var (there, back) = (Frames(random, shortest: 1), Frames(random, shortest: 1));
            // Single packets go another way.
            int batchSize = random.Next(4) == 0 ? 1 : random.Next(2, 65);
            var loops = ForwardLoop<ReadFirstLine>.Create([a.Device, b.Device], batchSize, sleeps: false);
            using (var group = new LoopGroup(loops, [a.Device, b.Device]))
            {
                group.Start();
                group.Measure();
                a.Wire.Deliver(there);
                b.Wire.Deliver(back);
                // On a busy machine a card may get no time for longer than the loops wait at their end.
                DriverBench.Until(
                    () => Counted(a) == there.Length && Counted(b) == back.Length,
                    "every frame counted by the card it came to");
                group.Finish();
                Assert.True(group.RanDry);
                AssertSum(there, a, b, padsB, group.Dropped[1]);
                AssertSum(back, b, a, padsA, group.Dropped[0]);
            }
        });
        output.WriteLine($"seed {_seed}, {rounds} rounds: {Totals()}");
    }

    // The whole command, in a process.
    [Fact]
    [Trait("needs", "time")]
    public void SoItIsThroughTheCommand()
    {
        int rounds = Repeat(1, random =>
        {
            string[] ins = [
                Path.Combine(_directory.FullName, "a.pcapng"), Path.Combine(_directory.FullName, "b.pcapng")];
            string[] outs = [
                Path.Combine(_directory.FullName, "a-out.pcapng"), Path.Combine(_directory.FullName, "b-out.pcapng")];
            byte[][][] frames = [Frames(random, shortest: 14), Frames(random, shortest: 14)];
            for (int i = 0; i < 2; i++) CaptureFiles.Write(ins[i], frames[i]);
            int queues = random.Next(1, 3);
            string[] cards = [Card(random, queues), Card(random, queues)];
            string[] options = [
                "--ring-size", $"{64 << random.Next(0, 4)}", "--max-frame-size", $"{Limit(random)}", "--queues",
                $"{queues}", "--batch", $"{random.Next(1, 65)}"];
            var report = JsonReport.Of(IxyProcess.Run(
                ["fwd", $"{cards[0]},wire=pcap:{ins[0]}>{outs[0]}", $"{cards[1]},wire=pcap:{ins[1]}>{outs[1]}",
                    "--duration", "300ms", "--json", "--checked", .. options]));
            for (int i = 0; i < 2; i++)
            {
                var (from, to, wire) = (report.Device(i), report.Device(1 - i), report.Wire(i));
                Assert.Empty(from.GetProperty("violations").EnumerateArray());
                long sent = wire.Number("sent"),
                    handedOut = from.Number("rxPackets") - (from.Number("rxDropped") - from.Number("rxMissed"));
                Assert.Equal(frames[i].Length, sent);
                Assert.Equal(handedOut, to.Number("txPackets") + to.Number("txDropped"));
                // The virtio card's wire does not count frames that are too long for its MTU: there the sum starts with
                // what the driver was given.
                if (cards[i].StartsWith("sim:ixgbe", StringComparison.Ordinal))
                    Assert.Equal(sent, from.Number("rxPackets") + from.Number("rxMissed") + from.Number("rxErrors"));
                Assert.Equal(to.Number("txPackets"), report.Wire(1 - i).Number("received"));
                AssertAmong(frames[i], CaptureFiles.Frames(outs[1 - i]), pads: true);
                Assert.Equal(to.Number("txPackets"), CaptureFiles.Frames(outs[1 - i]).Count);
                (_sent, _delivered, _refused) = (
                    _sent + sent, _delivered + to.Number("txPackets"), _refused + to.Number("txRefused"));
                (_missed, _dropped) = (
                    _missed + from.Number("rxMissed"), _dropped + from.Number("rxDropped") - from.Number("rxMissed"));
                _undeliverable += sent - from.Number("rxPackets") - from.Number("rxMissed");
            }
        });
        output.WriteLine($"seed {_seed}, {rounds} runs of ixy fwd: {Totals()}");
    }

    private string Totals() =>
        $"{_sent:N0} frames sent: {_delivered:N0} delivered, {_refused:N0} refused (txRefused), {_dropped:N0} dropped "
        + "by the driver (rxDropped), "
        + $"{_missed:N0} missed (rxMissed), {_undeliverable:N0} too long or too short for the receiving card";

    private int Repeat(int least, Action<Random> round)
    {
        long start = Stopwatch.GetTimestamp();
        int rounds = 0;
        for (; rounds < least || Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(_seconds); rounds++)
        {
            try
            {
                round(new Random(_seed + rounds));
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"IXY_FUZZ_SEED={_seed + rounds}: {error.Message}", error);
            }
        }
        return rounds;
    }

    // Every frame that came in at one card was sent by the other, or is in a counter.
    private void AssertSum(byte[][] frames, DriverBench from, DriverBench to, bool pads, long waited)
    {
        DeviceStatistics received = from.Device.ReadStatistics(), sent = to.Device.ReadStatistics();
        long undeliverable = Undeliverable(from, received);
        Assert.Equal(0, received.RxCrcErrors);
        Assert.Equal(frames.Length, Counted(from));
        Assert.Equal(received.RxPackets - received.RxDropped, sent.TxPackets + sent.TxDropped + waited);
        Assert.Equal(sent.TxPackets, to.Wire.FromCard.Count);
        Assert.Equal(sent.TxDropped, to.Device.TransmitQueues.Sum(queue => queue.Dropped));
        AssertAmong(frames, to.Wire.FromCard, pads);
        (_sent, _delivered, _refused) = (_sent + frames.Length, _delivered + sent.TxPackets, _refused + sent.TxDropped);
        (_missed, _dropped, _undeliverable) = (
            _missed + received.RxMissed, _dropped + received.RxDropped, _undeliverable + undeliverable);
    }

    private static long Counted(DriverBench bench)
    {
        var received = bench.Device.ReadStatistics();
        return received.RxPackets + received.RxMissed + Undeliverable(bench, received);
    }

    private static long Undeliverable(DriverBench bench, DeviceStatistics received) =>
        bench.Card is VirtioCard card ? card.Receive.Dropped : received.RxLengthErrors;

    // Every frame that arrives is one that was sent, padded with zeroes if it is short; none arrives twice.
    private static void AssertAmong(byte[][] sent, IEnumerable<byte[]> arrived, bool pads)
    {
        var left = sent.GroupBy(frame => Hash(frame, pads)).ToDictionary(same => same.Key, same => same.Count());
        foreach (byte[] frame in arrived)
        {
            string hash = Hash(frame, pads);
            Assert.True(
                left.TryGetValue(hash, out int count)
                && count > 0,
                $"a frame of {frame.Length} bytes that was not sent: "
                + $"{Convert.ToHexString(frame.AsSpan(0, Math.Min(64, frame.Length)))}");
            left[hash] = count - 1;
        }
    }

    private static string Hash(byte[] frame, bool pads) =>
        Convert.ToHexString(
            SHA256.HashData(pads && frame.Length < 60 ? [.. frame, .. new byte[60 - frame.Length]] : frame));

    private static DriverBench Open(Random random, out bool pads, int queues = 0)
    {
        if (queues == 0) queues = random.Next(1, 4);
        int limit = Limit(random);
        var options = new NetworkDeviceOptions
        {
            RingSize = 64 << random.Next(0, 4),
            MaxFrameSize = limit,
            BufferSize = random.Next(3) == 0 ? 2048 : null,
            PoolSize = 1024,
            ReceiveQueues = queues,
            TransmitQueues = queues,
            CheckedPools = random.Next(2) == 0,
            FullQueueDrops = false,
        };
        int kind = random.Next(3);
        pads = kind == 0;
        if (kind == 0) return new(options, new IxgbeCardOptions());
        return new(options, new VirtioCardOptions
        {
            QueuePairs = queues,
            IsPacked = kind == 1 && random.Next(2) == 0,
            IsLegacy = kind == 2,
            Mtu = random.Next(2) == 0 ? 0 : random.Next(68, limit),
        });
    }

    private static string Card(Random random, int queues) => random.Next(3) switch
    {
        0 => "sim:ixgbe",
        1 => $"sim:virtio,queues={queues},mtu={random.Next(68, 9000)}",
        _ => $"sim:virtio,queues={queues},packed=on",
    };

    private static int Limit(Random random) => random.Next(4) switch
    {
        0 => random.Next(64, 1518),
        1 => random.Next(1518, JumboFrame + 1),
        _ => 1518,
    };

    private static byte[][] Frames(Random random, int shortest) =>
        [.. Enumerable.Range(0, FramesPerRound).Select(_ => Frame(random, shortest))];

    private static byte[] Frame(Random random, int shortest)
    {
        byte[] frame = new byte[Length(random, shortest)];
        random.NextBytes(frame);
        frame[0] = 0x02;
        int at = 12;
        for (int tags = random.Next(0, 4); tags > 0 && at + 2 <= frame.Length; tags--, at += 4)
            (frame[at], frame[at + 1]) = random.Next(3) == 0 ? ((byte)0x88, (byte)0xA8) : ((byte)0x81, (byte)0);
        ushort type = s_types[random.Next(s_types.Length)];
        if (at + 2 <= frame.Length) (frame[at], frame[at + 1]) = ((byte)(type >> 8), (byte)type);
        if (type == 0x0800 && at + 12 < frame.Length)
            (frame[at + 2], frame[at + 11]) = (0x45, random.Next(2) == 0 ? OffloadFrame.Tcp : OffloadFrame.Udp);
        if (type == 0x86DD && at + 9 < frame.Length)
            (frame[at + 2], frame[at + 8]) = (0x60, random.Next(2) == 0 ? OffloadFrame.Tcp : OffloadFrame.Udp);
        return frame;
    }

    private static int Length(Random random, int shortest) => random.Next(5) switch
    {
        0 => random.Next(shortest, 64),
        1 => random.Next(64, 1500),
        2 => random.Next(1508, 1532),
        3 => random.Next(60, 128),
        _ => random.Next(shortest, JumboFrame + 1),
    };

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out int value) ? value : otherwise;
}
