using FsCheck;
using FsCheck.Fluent;

namespace Ixy.Simulation.Tests.Ixgbe.Receive;

/// <summary>
/// Whatever the sizes, batches and refills: every frame arrives once, complete and in order, around the ring (7.1.9).
/// </summary>
public sealed class ReceiveRingPropertyTests
{
    private const uint OneBuffer = 1u << 25;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FramesComeOnceWholeAndInOrderAroundTheRing(bool isScattered)
    {
        var round = from frames in Gen.Choose(0, 12)
                    from refills in Gen.Choose(0, 12)
                    from length in Gen.Choose(60, 1514)
                    select (frames, refills, length);
        var sample = from entries in Gen.Elements(8, 16, 24, 64)
                     from rounds in round.ArrayOf(25)
                     select (entries, rounds);
        Prop.ForAll(Arb.From(sample), test => ComeInOrder(isScattered, test.entries, test.rounds))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(40));
    }

    // A round delivers some frames, takes what is there, and returns some descriptors.
    private static bool ComeInOrder(bool isScattered, int entries, (int Frames, int Refills, int Length)[] rounds)
    {
        using var bench = new ReceiveBench();
        if (isScattered) bench.Bench.Scatter();
        var ring = bench.Start(0, OneBuffer | 1, entries);
        bench.EnableReceive();
        var sent = new List<byte[]>();
        var received = new List<byte>();
        int next = 0, used = 0;
        foreach (var (frames, refills, length) in rounds)
        {
            byte[][] batch = [
                .. Enumerable.Range(0, frames).Select(i => ReceiveBench.Frame(length, fill: (byte)(sent.Count + i)))];
            sent.AddRange(batch);
            bench.Deliver(batch);
            Take(refills);
        }
        for (int idle = 0; idle < 2 * sent.Count + 2; idle++) Take(entries);
        return received.SequenceEqual(sent.SelectMany(frame => frame)) && bench.Violations.Count == 0;

        void Take(int refills)
        {
            for (; used < entries - 1 && ring.IsDone(next); next = (next + 1) % entries, used++)
            {
                received.AddRange(ring.Data(next));
                ring.Descriptor(next).Clear();
            }
            int back = Math.Min(refills, used);
            ring.Refill((next - used + entries) % entries, back);
            used -= back;
            ring.Tail = (uint)((next - used - 1 + 2 * entries) % entries);
            bench.Bench.Run();
        }
    }
}
