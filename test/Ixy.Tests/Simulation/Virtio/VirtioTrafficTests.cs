namespace Ixy.Tests.Simulation.Virtio;

/// <summary>Packets by hand-written rings, in both directions (virtio 1.2, 5.1.6).</summary>
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
