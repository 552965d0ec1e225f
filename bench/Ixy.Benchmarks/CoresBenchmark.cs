using System.Diagnostics;
using System.Runtime.CompilerServices;
using Ixy.Vfio;

namespace Ixy.Benchmarks;

/// <summary>
/// A minimal card on one core, driver and application on another. Everything that crosses between a real card and a
/// core crosses between the two cores: descriptors, frames, doorbells. The card is as fast as possible, so this
/// measures the slower of the two, including the cost of moving memory between the cores.
/// </summary>
internal static class CoresBenchmark
{
    private const int RingSize = 512, FrameLength = 60;
    private static readonly TimeSpan s_round = TimeSpan.FromMilliseconds(250);

    internal static void Run(int[] batches, int rounds, Report report)
    {
        if (Environment.ProcessorCount < 2) throw new InvalidOperationException("Two cores are needed, and there is 1.");
        using var card = new BenchCard(physical: false);
        using var device = NetworkDevice.Open(
            card, new NetworkDeviceOptions { RingSize = RingSize, PoolSize = 4096, BufferSize = 2048 });
        card.Start();
        report.Begin(new Dictionary<string, object>
        {
            ["benchmark"] = "cores",
            ["runtime"] = RuntimeFeature.IsDynamicCodeCompiled ? "JIT" : "native AOT",
        });
        bool over = false;
        var cardThread = new Thread(() => RunCard(card, ref over));
        cardThread.Start();
        ThreadPlacement.PinToFirstCore();
        foreach (int batch in batches)
        {
            // The first is for the JIT.
            var rates = Enumerable.Range(0, rounds + 2).Select(_ => Forward(device, batch)).Skip(2).ToArray();
            report.Add(
                ("batch", batch), ("Mpps most", rates.Max()), ("Mpps median", rates.Order().ElementAt(rounds / 2)),
                ("Mpps least", rates.Min()));
        }
        Volatile.Write(ref over, true);
        cardThread.Join();
        report.End();
    }

    private static double Forward(NetworkDevice device, int batch)
    {
        var packets = new Packet[batch];
        long start = Stopwatch.GetTimestamp(), forwarded = 0;
        while (Stopwatch.GetElapsedTime(start) < s_round) forwarded += Burst(device, packets);
        return forwarded / Stopwatch.GetElapsedTime(start).TotalMicroseconds;
    }

    private static int Burst(NetworkDevice device, Span<Packet> packets)
    {
        int forwarded = 0;
        for (int i = 0; i < 1000; i++)
        {
            int received = device.Receive(packets);
            foreach (ref var packet in packets[..received]) packet.Data[1]++;
            int sent = device.Transmit(packets[..received]);
            if (sent < received) PacketPool.Free(packets[sent..received]);
            forwarded += sent;
        }
        return forwarded;
    }

    // Fills the free part of the receive ring, and takes what is to be sent.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void RunCard(BenchCard card, ref bool over)
    {
        ThreadPlacement.PinToLastCore();
        ulong sum = 0;
        while (!Volatile.Read(ref over))
        {
            uint free = (card.ReceiveTail - card.ReceiveHead) & card.Mask;
            for (uint i = 0; i < free; i++) *(ulong*)card.ReceiveBuffer(card.ReceiveHead + i) = sum + i;
            card.CompleteReceive((int)free, FrameLength);
            uint tail = card.TransmitTail;
            for (uint i = card.TransmitHead; ((tail - i) & card.Mask) != 0; i++) sum += *card.TransmitBuffer(i);
            card.CompleteTransmit(tail);
        }
        GC.KeepAlive(sum);
    }
}
