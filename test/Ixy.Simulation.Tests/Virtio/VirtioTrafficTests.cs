namespace Ixy.Simulation.Tests.Virtio;

/// <summary>Packets through hand-written rings, in both directions (virtio 1.2, 5.1.6).</summary>
public sealed class VirtioTrafficTests
{
    public static TheoryData<string> Kinds => Variants.Names;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void FramesAreSentInOrderAndUnchanged(string kind)
    {
        using var bench = Variants.Running(kind);
        byte[][] frames = [.. Enumerable.Range(0, 100).Select(i => VirtioBench.Frame(60 + 14 * i, (byte)i))];
        foreach (byte[] frame in frames)
        {
            bench.Send(frame);
            Assert.Equal(0, bench.Transmit.TakeUsed()?.Written);
        }
        Assert.Equal(frames, bench.TestWire.FromCard);
        Assert.Empty(bench.Rules);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void IndicesOfSixteenBitsWrap(string kind)
    {
        const int Batch = 64, Batches = 1_030; // more than 2^16 buffers
        using var bench = Variants.Running(kind, size: Batch);
        byte[] packet = [.. new byte[bench.HeaderLength], .. VirtioBench.Frame()];
        ulong address = bench.Place(packet), buffer = bench.Allocate(2048);
        for (int round = 1; round <= Batches; round++)
        {
            for (int i = 0; i < Batch; i++)
            {
                bench.Transmit.Add(new Piece(address, packet.Length, false));
                bench.Receive.Add(new Piece(buffer, 2048, true));
                bench.TestWire.Deliver(VirtioBench.Frame());
            }
            bench.Transmit.NotifyIfWanted();
            bench.Receive.NotifyIfWanted();
            bench.Run(3_000);
            for (int i = 0; i < Batch; i++)
            {
                Assert.NotNull(bench.Transmit.TakeUsed());
                Assert.NotNull(bench.Receive.TakeFrame());
            }
        }
        Assert.Equal(Batch * Batches, bench.TestWire.FromCard.Count);
        Assert.Empty(bench.Rules);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void FramesAreReceivedInOrderAndUnchanged(string kind)
    {
        using var bench = Variants.Running(kind);
        bench.Receive.AddWritable(100);
        bench.Receive.Notify();
        byte[][] frames = [.. Enumerable.Range(0, 100).Select(i => VirtioBench.Frame(60 + 14 * i, (byte)i))];
        bench.Deliver(frames);
        foreach (byte[] frame in frames) Assert.Equal(frame, bench.Receive.TakeFrame());
        Assert.Null(bench.Receive.TakeUsed());
        Assert.Empty(bench.Rules);
    }
}
