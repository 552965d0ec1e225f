using FsCheck;
using FsCheck.Fluent;

namespace Ixy.Simulation.Tests.Virtio.Rings;

/// <summary>
/// Whatever the sizes, layouts and batches: every frame passes once, complete and in order, around the ring.
/// </summary>
public sealed class VirtioRingPropertyTests
{
    public static TheoryData<string, bool> Kinds
    {
        get
        {
            var kinds = new TheoryData<string, bool>();
            foreach (string kind in Variants.All.Keys)
            {
                kinds.Add(kind, false);
                kinds.Add(kind, true);
            }
            return kinds;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void FramesAreSentOnceWholeAndInOrder(string kind, bool isScattered)
    {
        var packet = from length in Gen.Choose(14, 1514)
                     from cuts in Gen.Choose(1, 13 + 12).ArrayOf(3)
                     from indirect in Gen.Elements(true, false)
                     select new Packet(length, cuts, indirect);
        Prop.ForAll(Arb.From(Rounds(kind, packet)), test => AreSent(kind, isScattered, test.Size, test.Rounds))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(30));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void FramesAreReceivedOnceWholeAndInOrder(string kind, bool isScattered)
    {
        var packet = from length in Gen.Choose(14, 1514)
                     from cuts in Gen.Choose(1, 1500).ArrayOf(3)
                     from indirect in Gen.Elements(true, false)
                     select new Packet(length, cuts, indirect);
        Prop.ForAll(Arb.From(Rounds(kind, packet)), test => AreReceived(kind, isScattered, test.Size, test.Rounds))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(30));
    }

    private static Gen<(int Size, Packet[][] Rounds)> Rounds(string kind, Gen<Packet> packet) =>
        from size in kind.StartsWith("packed", StringComparison.Ordinal) ? Gen.Elements(4, 5, 7, 64)
        : Gen.Elements(4, 8, 64)
        from rounds in Gen.Choose(0, 9).SelectMany(count => packet.ArrayOf(count)).ArrayOf(20)
        select (size, rounds);

    // A round adds packets while they fit, and takes what is used.
    private static bool AreSent(string kind, bool isScattered, int size, Packet[][] rounds)
    {
        using var bench = Variants.Running(kind, size);
        if (isScattered) bench.Scatter();
        var sent = new List<byte[]>();
        int used = 0;
        foreach (var round in rounds)
        {
            foreach (var packet in round)
            {
                byte[] frame = VirtioBench.Frame(packet.Length, (byte)sent.Count);
                ulong address = bench.Place([.. new byte[bench.HeaderLength], .. frame]);
                if (!TryAdd(bench.Transmit, packet, address, bench.HeaderLength + packet.Length, false)) continue;
                sent.Add(frame);
                bench.Transmit.NotifyIfWanted();
            }
            bench.Run(3_000 * round.Length);
            while (bench.Transmit.TakeUsed() is not null) used++;
        }
        bench.Run();
        while (bench.Transmit.TakeUsed() is not null) used++;
        return used == sent.Count && Same(sent, bench.TestWire.FromCard) && bench.Rules.Length == 0;
    }

    // A round adds buffers while they fit, lets frames arrive, and takes what is used.
    private static bool AreReceived(string kind, bool isScattered, int size, Packet[][] rounds)
    {
        using var bench = Variants.Running(kind, size);
        if (isScattered) bench.Scatter();
        List<byte[]> sent = [], received = [];
        foreach (var round in rounds)
        {
            foreach (var packet in round)
            {
                const int Buffer = 1600;
                TryAdd(bench.Receive, packet, bench.Allocate(Buffer), Buffer, true);
                bench.Receive.NotifyIfWanted();
                sent.Add(VirtioBench.Frame(packet.Length, (byte)sent.Count));
                bench.TestWire.Deliver(sent[^1]);
            }
            bench.Run(3_000 * round.Length);
            Take();
        }
        while (received.Count < sent.Count)
        {
            bench.Receive.AddWritable(bench.Receive.Free, 1600);
            bench.Receive.NotifyIfWanted();
            int before = received.Count;
            bench.Run();
            Take();
            if (received.Count == before) return false;
        }
        return Same(sent, received) && bench.Rules.Length == 0;

        void Take()
        {
            while (bench.Receive.TakeFrame() is { } frame) received.Add(frame);
        }
    }

    private static bool TryAdd(DriverQueue queue, Packet packet, ulong address, int length, bool isWritable)
    {
        int[] cuts = [0, .. packet.Cuts.Where(cut => cut < length).Distinct().Order(), length];
        Piece[] pieces = [
            .. cuts.Zip(cuts.Skip(1), (from, to) => new Piece(address + (ulong)from, to - from, isWritable))];
        // No chain is longer than the queue, whether in a table or not.
        if (pieces.Length > queue.Size || (packet.Indirect ? 1 : pieces.Length) > queue.Free) return false;
        if (packet.Indirect) queue.AddIndirect(pieces);
        else queue.Add(pieces);
        return true;
    }

    private static bool Same(List<byte[]> one, List<byte[]> other) =>
        one.Count == other.Count && one.Zip(other).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));

    internal sealed record Packet(int Length, int[] Cuts, bool Indirect);
}
