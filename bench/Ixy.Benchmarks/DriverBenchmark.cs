using System.Diagnostics;
using System.Runtime.CompilerServices;
using Ixy.Vfio;

namespace Ixy.Benchmarks;

/// <param name="Devices">1 or 2.</param>
/// <param name="Held">How many packets are held between receiving and sending.</param>
/// <param name="Physical">Physical addresses.</param>
/// <param name="Compiled">The loop is compiled around its queues (<see cref="IQueueLoop"/>).</param>
internal sealed record DriverSettings(int Devices, int Held, bool Physical, bool Compiled);

/// <summary>
/// What the driver alone costs: one core, and cards without costs of their own. A round is: the card completes a batch
/// of receives; the application receives it, increments a byte of each frame, transmits, and frees what was not taken;
/// the card completes the transmits. A pass with the card's part alone is subtracted.
/// </summary>
internal sealed class DriverBenchmark(DriverSettings settings)
{
    private const int FrameLength = 60, RingSize = 512, Packets = 1 << 20;

    internal void Run(int[] batches, int rounds, Report report)
    {
        ThreadPlacement.PinToFirstCore();
        using var left = new BenchCard(settings.Physical);
        using var right = new BenchCard(settings.Physical);
        var options = new NetworkDeviceOptions { RingSize = RingSize, PoolSize = 4096, BufferSize = 2048 };
        using var from = NetworkDevice.Open(left, options);
        using var to = NetworkDevice.Open(right, options);
        left.Start();
        right.Start();
        var (target, leaving) = settings.Devices == 1 ? (from, left) : (to, right);
        var forwarder = new Forwarder(from, target, settings.Held);
        report.Begin(new Dictionary<string, object>
        {
            ["benchmark"] = "driver",
            ["devices"] = settings.Devices,
            ["held"] = settings.Held,
            ["addresses"] = settings.Physical ? "physical" : "virtual",
            ["loop"] = settings.Compiled ? "compiled around its queues" : "plain",
            ["runtime"] = RuntimeFeature.IsDynamicCodeCompiled ? "JIT" : "native AOT",
        });
        IPasses passes = settings.Compiled
            ? new CompiledPasses(from.ReceiveQueues[0], target.TransmitQueues[0]) : forwarder;
        foreach (int batch in batches) Measure(passes, left, leaving, batch, rounds, report);
        forwarder.Free();
        report.End();
    }

    private static void Measure(
        IPasses passes, BenchCard arriving, BenchCard leaving, int batch, int rounds, Report report)
    {
        // Until the JIT has compiled what it will.
        for (int i = 0; i < 3; i++) Pass(passes, arriving, leaving, batch);
        Thread.Sleep(200);
        for (int i = 0; i < 3; i++) Pass(passes, arriving, leaving, batch);
        var totals = new double[rounds];
        var alone = new double[rounds];
        var frequencies = new double[rounds];
        for (int i = 0; i < rounds; i++)
        {
            frequencies[i] = Clock.Frequency();
            (totals[i], alone[i]) = Pass(passes, arriving, leaving, batch);
        }
        double driver = totals.Min() - alone.Min();
        report.Add(
            ("batch", batch), ("total min", totals.Min()), ("total median", Median(totals)),
            ("card min", alone.Min()), ("card median", Median(alone)), ("driver ns", driver),
            ("driver median", Median(totals) - Median(alone)), ("driver cycles", driver * frequencies.Max()),
            ("GHz", frequencies.Max()));
    }

    // Nanoseconds per packet, with the driver and for the card alone.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (double Total, double Alone) Pass(
        IPasses passes, BenchCard arriving, BenchCard leaving, int batch)
    {
        int rounds = Packets / batch;
        double each = (double)rounds * batch;
        long start = Stopwatch.GetTimestamp();
        passes.Run(arriving, leaving, batch, rounds);
        double total = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        arriving.Mark();
        if (leaving != arriving) leaving.Mark();
        uint tail = leaving.TransmitHead;
        start = Stopwatch.GetTimestamp();
        for (int round = 0; round < rounds; round++)
        {
            arriving.CompleteReceive(batch, FrameLength);
            tail = (tail + (uint)batch) & leaving.Mask;
            leaving.CompleteTransmit(tail);
        }
        double alone = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        arriving.Rewind();
        if (leaving != arriving) leaving.Rewind();
        return (total / each, alone / each);
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    /// <summary>The application, and the card's part between its calls.</summary>
    private interface IPasses
    {
        /// <summary>One pass.</summary>
        void Run(BenchCard arriving, BenchCard leaving, int batch, int rounds);
    }

    /// <summary>An application that knows nothing about its queues.</summary>
    private sealed class Forwarder : IPasses
    {
        private readonly ReceiveQueue _from;
        private readonly TransmitQueue _to;
        private readonly Packet[] _held;
        private int _oldest;

        internal Forwarder(NetworkDevice from, NetworkDevice to, int held)
        {
            (_from, _to, _held) = (from.ReceiveQueues[0], to.TransmitQueues[0], new Packet[held]);
            if (_from.Pool.Allocate(_held) < held) throw new InvalidOperationException($"The pool has no {held} packets.");
            foreach (ref var packet in _held.AsSpan()) packet.Length = FrameLength;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(BenchCard arriving, BenchCard leaving, int batch, int rounds)
        {
            Span<Packet> packets = stackalloc Packet[batch];
            for (int round = 0; round < rounds; round++)
            {
                arriving.CompleteReceive(batch, FrameLength);
                Forward(packets);
                leaving.CompleteTransmit(leaving.TransmitTail);
            }
        }

        // Contains nothing but the calls and the loops, so that its variables stay in registers.
        private void Forward(Span<Packet> packets)
        {
            packets = packets[.._from.Receive(packets)];
            Touch(packets);
            if (_held.Length > 0) Exchange(packets);
            int sent = _to.Transmit(packets);
            if (sent < packets.Length) PacketPool.Free(packets[sent..]);
        }

        internal void Free() => PacketPool.Free(_held);

        private static void Touch(Span<Packet> packets)
        {
            foreach (ref var packet in packets) packet.Data[1]++;
        }

        // Packets for those that arrived earlier.
        private void Exchange(Span<Packet> packets)
        {
            foreach (ref var packet in packets)
            {
                (packet, _held[_oldest]) = (_held[_oldest], packet);
                if (++_oldest == _held.Length) _oldest = 0;
            }
        }
    }

    /// <summary>An application that is compiled around its queues.</summary>
    private sealed class CompiledPasses(ReceiveQueue from, TransmitQueue to) : IPasses
    {
        public void Run(BenchCard arriving, BenchCard leaving, int batch, int rounds)
        {
            var loop = new Loop(arriving, leaving, batch, rounds);
            from.Run(to, ref loop);
        }

        private readonly struct Loop(BenchCard arriving, BenchCard leaving, int batch, int rounds) : IQueueLoop
        {
            public void Run<TReceiver, TTransmitter>(TReceiver from, TTransmitter to)
                where TReceiver : struct, IReceiver where TTransmitter : struct, ITransmitter
            {
                if (batch == 1) RunSingly(from, to, arriving, leaving, rounds);
                else RunBatches(from, to, arriving, leaving, batch, rounds);
            }

            [MethodImpl(MethodImplOptions.AggressiveOptimization)]
            private static void RunSingly<TReceiver, TTransmitter>(
                TReceiver from, TTransmitter to, BenchCard arriving, BenchCard leaving, int rounds)
                where TReceiver : struct, IReceiver where TTransmitter : struct, ITransmitter
            {
                for (; rounds > 0; rounds--)
                {
                    arriving.CompleteReceive(1, FrameLength);
                    if (from.TryReceive(out var packet))
                    {
                        packet.Data[1]++;
                        if (!to.TryTransmit(packet)) packet.Free();
                    }
                    leaving.CompleteTransmit(leaving.TransmitTail);
                }
            }

            [MethodImpl(MethodImplOptions.AggressiveOptimization)]
            private static void RunBatches<TReceiver, TTransmitter>(
                TReceiver from, TTransmitter to, BenchCard arriving, BenchCard leaving, int batch, int rounds)
                where TReceiver : struct, IReceiver where TTransmitter : struct, ITransmitter
            {
                Span<Packet> packets = stackalloc Packet[batch];
                for (int round = 0; round < rounds; round++)
                {
                    arriving.CompleteReceive(batch, FrameLength);
                    Forward(from, to, packets);
                    leaving.CompleteTransmit(leaving.TransmitTail);
                }
            }

            [MethodImpl(MethodImplOptions.AggressiveOptimization)]
            private static void Forward<TReceiver, TTransmitter>(
                TReceiver from, TTransmitter to, Span<Packet> packets)
                where TReceiver : struct, IReceiver where TTransmitter : struct, ITransmitter
            {
                packets = packets[..from.Receive(packets)];
                foreach (ref var packet in packets) packet.Data[1]++;
                int sent = to.Transmit(packets);
                if (sent < packets.Length) PacketPool.Free(packets[sent..]);
            }
        }
    }
}
