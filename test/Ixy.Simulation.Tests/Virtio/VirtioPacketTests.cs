namespace Ixy.Simulation.Tests.Virtio;

/// <summary>Packets in buffers of all layouts, and rules for the network device (virtio 1.2, 2.7.4.1, 5.1.6).</summary>
public sealed class VirtioPacketTests
{
    public static TheoryData<string> Kinds => Variants.Names;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AFrameMayLieInManyPieces(string kind)
    {
        using var bench = Variants.Running(kind);
        byte[] frame = VirtioBench.Frame(200);
        ulong packet = bench.Place([.. new byte[bench.HeaderLength], .. frame]);
        int header = bench.HeaderLength, total = header + 200;
        foreach (int[] cuts in new int[][] { [header], [5], [header, header + 14], [3, header + 1, 100],
            [1, 2, 3, 4, 5, 6, 7, 8, 50] })
        {
            Piece[] pieces = [
                .. cuts.Prepend(0)
                .Zip(cuts.Append(total), (from, to) => new Piece(packet + (ulong)from, to - from, false))];
            bench.Transmit.Add(pieces);
            bench.Transmit.AddIndirect(pieces);
        }
        bench.Transmit.Notify();
        bench.Run();
        Assert.Equal(10, bench.TestWire.FromCard.Count);
        Assert.All(bench.TestWire.FromCard, sent => Assert.Equal(frame, sent));
        Assert.Empty(bench.Rules);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AFrameIsReceivedIntoManyPieces(string kind)
    {
        using var bench = Variants.Running(kind);
        int header = bench.HeaderLength;
        foreach (int[] lengths in new int[][] { [header, 2000], [5, 2000], [header + 14, 100, 2000],
            [1, header, 1, 1, 2000], [.. Enumerable.Repeat(60, 40)] })
        {
            Piece[] pieces = [.. lengths.Select(length => new Piece(bench.Allocate(length), length, true))];
            bench.Receive.Add(pieces);
            bench.Receive.AddIndirect([.. lengths.Select(length => new Piece(bench.Allocate(length), length, true))]);
        }
        bench.Receive.Notify();
        byte[][] frames = [.. Enumerable.Range(0, 10).Select(i => VirtioBench.Frame(150 * i + 60, (byte)i))];
        bench.Deliver(frames);
        foreach (byte[] frame in frames) Assert.Equal(frame, bench.Receive.TakeFrame());
        Assert.Empty(bench.Rules);
    }

    [Theory]
    [InlineData("split")]
    [InlineData("packed, flags")]
    [InlineData("legacy")]
    public void ALongFrameTakesSeveralBuffers(string kind)
    {
        using var bench = Variants.Running(kind);
        bench.Receive.AddWritable(100, 1000);
        bench.Receive.Notify();
        byte[][] frames = [
            .. new[] { 60, 988, 989, 1988, 9014, 15_996, 60 }.Select(
                length => VirtioBench.Frame(length, (byte)length))];
        bench.Deliver(frames);
        foreach (byte[] frame in frames) Assert.Equal(frame, bench.Receive.TakeFrame());
        Assert.Empty(bench.Rules);
    }

    [Fact]
    public void AFrameWaitsUntilThereAreBuffersForAllOfIt()
    {
        using var bench = VirtioBench.Running();
        bench.Receive.AddWritable(2, 1000);
        bench.Receive.Notify();
        byte[] frame = VirtioBench.Frame(2500);
        bench.Deliver(frame);
        Assert.Null(bench.Receive.TakeUsed());
        bench.Receive.AddWritable(1, 1000);
        bench.Receive.NotifyIfWanted();
        bench.Run();
        Assert.Equal(frame, bench.Receive.TakeFrame());
    }

    [Fact]
    public void AFrameThatNeverFitsIsDropped()
    {
        using var bench = VirtioBench.Running(size: 4);
        bench.Receive.AddWritable(4, 1000);
        bench.Receive.Notify();
        byte[] next = VirtioBench.Frame();
        bench.Deliver(VirtioBench.Frame(4000), next);
        Assert.Equal(next, bench.Receive.TakeFrame());
        Assert.Equal(1, bench.Card.Receive.Dropped);
    }

    [Fact]
    public void WithoutBuffersFramesWaitAndThenAreDropped()
    {
        using var bench = VirtioBench.Running();
        byte[][] frames = [.. Enumerable.Range(0, 400).Select(i => VirtioBench.Frame(1514, (byte)i))];
        bench.Deliver(frames);
        Assert.Equal(400 - 524_288 / 1518, bench.Card.Receive.Dropped);
        bench.Receive.AddWritable(100);
        bench.Receive.Notify();
        bench.Run();
        for (int i = 0; i < 100; i++) Assert.Equal(frames[i], bench.Receive.TakeFrame());
    }

    [Fact]
    public void UnmergedBuffersHoldAWholeFrame()
    {
        using var bench = VirtioBench.Running(without: VirtioBench.MergeableBuffers);
        bench.Receive.Add(new Piece(bench.Allocate(1525), 1525, true));
        bench.Receive.Notify();
        bench.Deliver(VirtioBench.Frame(1514), VirtioBench.Frame(100));
        Assert.Equal(100, bench.Receive.TakeFrame()?.Length);
        Assert.Equal(1, bench.Card.Receive.Dropped);
        Assert.Equal(["receive-buffer-short", "receive-buffer-short"], bench.Rules);
    }

    [Fact]
    public void MergedBuffersHoldAHeader()
    {
        using var bench = VirtioBench.Running();
        bench.Receive.Add(new Piece(bench.Allocate(11), 11, true));
        bench.Receive.Notify();
        bench.Deliver(VirtioBench.Frame());
        Assert.Equal(["receive-buffer-short"], bench.Rules);
    }

    [Fact]
    public void ReceiveBuffersAreForTheDeviceToWrite()
    {
        using var bench = VirtioBench.Running();
        bench.Receive.Add(new Piece(bench.Allocate(2048), 2048, false));
        bench.Receive.Notify();
        bench.Deliver(VirtioBench.Frame());
        Assert.Equal(["receive-readable"], bench.Rules);
        Assert.Equal(0x4Fu, bench.Status);
    }

    [Fact]
    public void TransmitBuffersAreForTheDeviceToRead()
    {
        using var bench = VirtioBench.Running();
        byte[] frame = VirtioBench.Frame();
        ulong packet = bench.Place([.. new byte[12], .. frame]);
        bench.Transmit.Add(new Piece(packet, 72, false), new Piece(bench.Allocate(16), 16, true));
        bench.Transmit.Notify();
        bench.Run();
        Assert.Equal(frame, bench.TestWire.FromCard.Single());
        Assert.Equal(["transmit-writable"], bench.Rules);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12 + 13)]
    public void APacketHasAHeaderAndAnAddress(int length)
    {
        using var bench = VirtioBench.Running();
        bench.Transmit.Add(new Piece(bench.Allocate(length), length, false));
        bench.Transmit.Notify();
        bench.Run();
        Assert.Empty(bench.TestWire.FromCard);
        Assert.Equal(["header-short"], bench.Rules);
        Assert.NotNull(bench.Transmit.TakeUsed());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(10)]
    public void HeadersAskForNothing(int field)
    {
        using var bench = VirtioBench.Running(new() { HasChecksums = false });
        byte[] packet = [.. new byte[12], .. VirtioBench.Frame()];
        packet[field] = 1;
        bench.Transmit.Add(new Piece(bench.Place(packet), 72, false));
        bench.Transmit.Notify();
        bench.Run();
        Assert.Single(bench.TestWire.FromCard);
        Assert.Equal(["header-fields"], bench.Rules);
    }

    [Fact]
    public void TheMtuLimitsBothDirections()
    {
        using var bench = VirtioBench.Running(new() { Mtu = 1400 });
        bench.Receive.AddWritable(10);
        bench.Receive.Notify();
        bench.Deliver(VirtioBench.Frame(1415), VirtioBench.Frame(1414));
        Assert.Equal(1414, bench.Receive.TakeFrame()?.Length);
        Assert.Equal(1, bench.Card.Receive.Dropped);
        bench.Send(VirtioBench.Frame(1414));
        Assert.Empty(bench.Rules);
        bench.Send(VirtioBench.Frame(1419));
        Assert.Equal(["packet-too-long"], bench.Rules);
        Assert.Single(bench.TestWire.FromCard);
    }

    [Fact]
    public void ATagComesOnTopOfTheMtu()
    {
        using var bench = VirtioBench.Running(new() { Mtu = 1400 }, without: 1ul << 19);
        bench.Receive.AddWritable(10);
        bench.Receive.Notify();
        byte[] tagged = VirtioBench.Frame(1418);
        (tagged[12], tagged[13]) = (0x81, 0);
        bench.Deliver(tagged);
        Assert.Equal(tagged, bench.Receive.TakeFrame());
    }

    [Fact]
    public void BadAndTinyFramesAreDropped()
    {
        using var bench = VirtioBench.Running();
        bench.Receive.AddWritable(10);
        bench.Receive.Notify();
        bench.TestWire.Deliver(VirtioBench.Frame(), Ixy.Simulation.Wires.FrameErrors.Crc);
        bench.Deliver(new byte[13], VirtioBench.Frame(14));
        Assert.Equal(14, bench.Receive.TakeFrame()?.Length);
        Assert.Equal(2, bench.Card.Receive.Dropped);
    }

    [Fact]
    public void NothingIsTakenFromTheWireBeforeTheDriverIsReady()
    {
        using var bench = VirtioBench.Negotiated();
        bench.AddQueue(0).AddWritable(1);
        bench.Receive.Notify();
        bench.Deliver(VirtioBench.Frame());
        bench.DriverOk();
        bench.Run();
        Assert.NotNull(bench.Receive.TakeFrame());
    }
}
