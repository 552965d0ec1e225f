using System.Diagnostics;
using Ixy.Vfio;

namespace Ixy.Benchmarks;

/// <summary>
/// What the driver alone costs: one core, one card without costs of its own. A round is: the card completes a batch of
/// receives; the driver receives it, increments a byte of each frame, transmits and frees what was not taken; the card
/// completes the transmits. A second pass with the card's part alone is subtracted.
/// </summary>
internal static class DriverBenchmark
{
    private const int FrameLength = 60, Repetitions = 7, PacketsPerRepetition = 8_000_000;

    internal static void Run(TextWriter output)
    {
        ThreadPlacement.PinToFirstCore();
        using var card = new BenchCard();
        using var device = NetworkDevice.Open(
            card, new NetworkDeviceOptions { RingSize = 512, PoolSize = 4096, BufferSize = 2048 });
        card.Start();
        if (DmaArena.Note is { } note) output.WriteLine($"note: {note}");
        int[] batches = [1, 8, 32, 128, 256];
        // Once through everything, so that the code is compiled as it will stay.
        foreach (int batch in batches) Measure(card, device, batch, PacketsPerRepetition);
        foreach (int batch in batches)
        {
            double total = double.MaxValue, alone = double.MaxValue;
            for (int i = 0; i < Repetitions; i++)
            {
                var (both, card1) = Measure(card, device, batch, PacketsPerRepetition);
                total = Math.Min(total, both);
                alone = Math.Min(alone, card1);
            }
            output.WriteLine(
                $"batch {batch}: total {total:F2} device-only {alone:F2} driver {total - alone:F2} ns/packet");
        }
    }

    private static (double Total, double Alone) Measure(BenchCard card, NetworkDevice device, int batch, int packets)
    {
        int rounds = packets / batch;
        var start = Stopwatch.GetTimestamp();
        Forward(card, device, batch, rounds);
        card.Mark();
        var middle = Stopwatch.GetTimestamp();
        CardAlone(card, batch, rounds);
        var end = Stopwatch.GetTimestamp();
        card.Rewind();
        double nanoseconds = 1e9 / Stopwatch.Frequency / ((double)rounds * batch);
        return ((middle - start) * nanoseconds, (end - middle) * nanoseconds);
    }

    private static void Forward(BenchCard card, NetworkDevice device, int batch, int rounds)
    {
        Span<Packet> packets = stackalloc Packet[batch];
        for (int round = 0; round < rounds; round++)
        {
            card.CompleteReceive(batch, FrameLength);
            int received = device.Receive(packets);
            foreach (ref var packet in packets[..received]) packet.Data[1]++;
            int sent = device.Transmit(packets[..received]);
            if (sent < received) PacketPool.Free(packets[sent..received]);
            card.CompleteTransmit(card.TransmitTail);
        }
    }

    private static void CardAlone(BenchCard card, int batch, int rounds)
    {
        uint tail = card.TransmitHead;
        for (int round = 0; round < rounds; round++)
        {
            card.CompleteReceive(batch, FrameLength);
            tail = (tail + (uint)batch) & card.Mask;
            card.CompleteTransmit(tail);
        }
    }
}
