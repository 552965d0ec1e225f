using static Ixy.Testing.RawClient;

namespace Ixy.Hosting.Tests.VfioUser;

/// <summary>Messages that are malformed, and clients that come, go and misbehave.</summary>
public sealed unsafe class HostileTests
{
    private const int EINVAL = 22, EOPNOTSUPP = 95;

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(16 + (1 << 20) + 65)]
    [InlineData(-1)]
    public void AMessageThatCannotBeSoLongEndsTheConnection(int size)
    {
        using var bench = new ServerBench();
        bench.Client.SendBytes(Bytes((ushort)9, (ushort)GetInfo, size, 0, 0));
        bench.Client.AssertClosed();
    }

    [Theory]
    [InlineData(1u)] // A reply, though nothing was requested
    [InlineData(0x21u)]
    public void AReplyThatNobodyWaitsForEndsTheConnection(uint flags)
    {
        using var bench = new ServerBench();
        bench.Client.Send(DmaRead, Bytes(0ul, 0ul), flags);
        bench.Client.AssertClosed();
        bench.AwaitEnd();
        Assert.Contains("nobody waits for", bench.End);
    }

    [Fact]
    public void AnUnknownKindOfMessageEndsTheConnection()
    {
        using var bench = new ServerBench();
        bench.Client.Send(GetInfo, Bytes(16, 0, 0, 0), 2);
        bench.Client.AssertClosed();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(DmaRead)]
    [InlineData(DmaWrite)]
    [InlineData(14)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(18)]
    [InlineData(19)]
    [InlineData(0xFFFF)]
    public void CommandsThatAreNoneOfTheServersAreNotSupported(int command)
    {
        using var bench = new ServerBench();
        bench.Client.Refused(EOPNOTSUPP, command, Bytes(0ul, 0ul));
        bench.Client.Ask(Reset, []);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(100)]
    public void AMessageThatEndsInTheMiddleIsNone(int length)
    {
        using var bench = new ServerBench();
        bench.Client.SendBytes(Bytes((ushort)9, (ushort)RegionWrite, 16 + 4096, 0, 0, new byte[4096])[..length]);
        bench.Client.Dispose();
        bench.AwaitEnd();
        Assert.Contains("in the middle of a message", bench.End);
    }

    [Fact]
    public void DescriptorsThatNobodyWantsAreClosed()
    {
        using var bench = new ServerBench();
        int file = bench.Keep(RawClient.MemoryFile(4096, true)), before = ServerBench.OpenDescriptors();
        foreach (int command in (int[])[
            GetInfo, GetRegionInfo, GetIrqInfo, RegionRead, RegionWrite, Reset, DmaUnmap, WriteMulti, 99])
            bench.Client.Refused(EINVAL, command, Bytes(16, 0, 0, 0), file, file);
        // The reply is sent before the last two are closed.
        ServerBench.Await(() => ServerBench.OpenDescriptors() == before, "descriptors stay open");
    }

    [Fact]
    public void TooManyDescriptorsEndTheConnectionAndAreClosed()
    {
        using var bench = new ServerBench();
        int descriptor = bench.Keep(ServerBench.Event());
        int[] most = [.. Enumerable.Repeat(descriptor, 64)];
        bench.Client.Ask(SetIrqs, Bytes(20, 4 | 32, 2, 0, 64), most);
        bench.Client.Send(SetIrqs, Bytes(20, 4 | 32, 2, 0, 64), 0, [.. most, descriptor]);
        bench.Client.AssertClosed();
        bench.AwaitEnd();
        Assert.Contains("more descriptors", bench.End);
    }

    [Fact]
    public void DescriptorsMayComeWithAnyPartOfAMessage()
    {
        using var bench = new ServerBench();
        int descriptor = bench.Keep(ServerBench.Event());
        byte[] message = Bytes((ushort)77, (ushort)SetIrqs, 36, 0, 0, 20, 4 | 32, 2, 0, 2);
        bench.Client.SendBytes(message[..10], descriptor);
        Thread.Sleep(20);
        bench.Client.SendBytes(message[10..20], descriptor);
        Thread.Sleep(20);
        bench.Client.SendBytes(message[20..]);
        Assert.Equal((77, 1u), (bench.Client.Receive() is var reply ? reply.Id : 0, reply.Flags));
        bench.Client.Ask(SetIrqs, Bytes(20, 1 | 32, 2, 0, 2));
        Assert.Equal(2ul, ServerBench.Count(descriptor));
    }

    [Fact]
    public void CommandsInARowAreAnsweredInTheirOrder()
    {
        using var bench = new ServerBench();
        ushort first = bench.Client.Send(RegionRead, Bytes(0ul, 7, 4));
        ushort second = bench.Client.Send(99, []);
        ushort third = bench.Client.Send(RegionRead, Bytes(2ul, 7, 2));
        Assert.Equal(
            [first, second, third],
            (ushort[])[bench.Client.Receive().Id, bench.Client.Receive().Id, bench.Client.Receive().Id]);
    }

    [Fact]
    public void AClientThatGoesLeavesTheCardResetForTheNext()
    {
        using var bench = new ServerBench();
        int file = bench.Keep(RawClient.MemoryFile(0x10000, true)),
            other = bench.Keep(RawClient.MemoryFile(0x10000, false)), descriptor = bench.Keep(ServerBench.Event());
        for (int round = 0; round < 20; round++)
        {
            int before = ServerBench.OpenDescriptors();
            bench.Client.Write(7, 4, 6, 2);
            bench.Client.Write(0, 0x6008, 0x1000);
            bench.Client.Ask(DmaMap, Bytes(32, 3, 0ul, 0ul, 0x10000ul), file);
            bench.Client.Ask(DmaMap, Bytes(32, 3, 0ul, 0x10000ul, 0x10000ul), other);
            bench.Client.Ask(SetIrqs, Bytes(20, 4 | 32, 2, 0, 1), descriptor);
            if (round % 2 == 0) bench.Client.Ask(DmaMap, Bytes(32, 3, 0ul, 0x20000ul, 0x10000ul));
            bench.Client.Dispose();
            bench.AwaitEnd();
            Assert.Equal("the client closed the connection", bench.End);
            Assert.False(bench.Card.Dma.IsMapped(0, 0x30000));
            Assert.False(bench.Card.HostInterrupts.Msix.IsEnabled);
            Assert.Null(bench.Card.InterruptTarget);
            bench.Connect();
            Assert.Equal(before, ServerBench.OpenDescriptors());
            Assert.Equal(0u, bench.Client.Read(7, 4, 2));
            bench.Client.Write(7, 4, 6, 2);
            Assert.Equal(0u, bench.Client.Read(0, 0x6008));
        }
    }

    [Fact]
    public void AClientThatReadsNoRepliesIsEndedByTheServersEnd()
    {
        using var bench = new ServerBench();
        var thread = new Thread(() =>
        {
            for (int i = 0; i < 2000; i++) bench.Client.Send(RegionRead, Bytes(0ul, 7, 4096));
        });
        thread.Start();
        Thread.Sleep(200);
        bench.ShutDown();
        Assert.True(thread.Join(20_000));
    }
}
