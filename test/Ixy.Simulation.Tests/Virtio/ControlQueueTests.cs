namespace Ixy.Simulation.Tests.Virtio;

/// <summary>Commands, and the receive filter and queue pairs that they set (virtio 1.2, 5.1.6.5).</summary>
public sealed class ControlQueueTests
{
    private const byte Receive = 0, MacClass = 1, Vlan = 2, MultiQueue = 4, Ok = 0, Error = 1;
    private static readonly byte[] s_other = [2, 0, 0, 0, 0, 0x77], s_group = [1, 0, 0x5E, 0, 0, 1],
        s_all = [255, 255, 255, 255, 255, 255];

    public static TheoryData<string> Kinds => Variants.Names;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TheFilterLetsInWhatIsForTheCard(string kind)
    {
        using var bench = Variants.Running(kind);
        bench.Receive.AddWritable(100);
        bench.Receive.Notify();
        Assert.Equal([true, false, false, true], Arrive(bench));
        Assert.Equal(Ok, Command(bench, Receive, 0, 1)); // promiscuous
        Assert.Equal([true, true, true, true], Arrive(bench));
        Assert.Equal(Ok, Command(bench, Receive, 0, 0));
        Assert.Equal(Ok, Command(bench, Receive, 1, 1)); // all multicast
        Assert.Equal([true, false, true, true], Arrive(bench));
        Assert.Empty(bench.Rules);
    }

    [Theory]
    [InlineData(2, new[] { true, true, false, true })] // all unicast
    [InlineData(3, new[] { true, false, false, true })] // no multicast
    [InlineData(4, new[] { false, false, false, true })] // no unicast
    [InlineData(5, new[] { true, false, false, false })] // no broadcast
    public void ExtraModesLetInOrKeepOut(byte mode, bool[] expected)
    {
        using var bench = Receiving();
        Assert.Equal(Ok, Command(bench, Receive, mode, 1));
        Assert.Equal(expected, Arrive(bench));
        // A mode that blocks takes precedence over one that accepts, and promiscuous over all (5.1.6.5.1).
        if (mode == 3) Assert.Equal(Ok, Command(bench, Receive, 1, 1));
        if (mode == 4) Assert.Equal(Ok, Command(bench, Receive, 2, 1));
        Assert.Equal(expected, Arrive(bench));
        Assert.Equal(Ok, Command(bench, Receive, 0, 1));
        Assert.Equal([true, true, true, true], Arrive(bench));
    }

    [Fact]
    public void TablesAddAddresses()
    {
        using var bench = Receiving();
        Assert.Equal(Ok, Command(bench, MacClass, 0, [1, 0, 0, 0, .. s_other, 1, 0, 0, 0, .. s_group]));
        Assert.Equal([true, true, true, true], Arrive(bench));
        Assert.Equal(Ok, Command(bench, MacClass, 0, new byte[8]));
        Assert.Equal([true, false, false, true], Arrive(bench));
    }

    [Fact]
    public void TheAddressCanBeChanged()
    {
        using var bench = Receiving();
        Assert.Equal(Ok, Command(bench, MacClass, 1, s_other));
        Assert.Equal([false, true, false, true], Arrive(bench));
        Assert.Equal(0x77u, bench.Read(VirtioBench.Config + 5, 1));
        bench.Status = 0;
        Assert.Equal(0u, bench.Read(VirtioBench.Config + 5, 1));
    }

    [Fact]
    public void ALegacyDriverWritesTheAddress()
    {
        using var bench = VirtioBench.Running(new() { IsLegacy = true });
        bench.Receive.AddWritable(8);
        bench.Receive.Notify();
        for (uint i = 0; i < 6; i++) bench.Write(0x14 + i, s_other[i], 1);
        Assert.Equal([false, true, false, true], Arrive(bench));
        Assert.Empty(bench.Rules);
    }

    [Fact]
    public void VlansAreLetInOneByOne()
    {
        using var bench = Receiving();
        byte[] tagged = VirtioBench.Frame(64);
        ((byte[])[0x81, 0, 0x60, 7]).CopyTo(tagged, 12);
        Assert.False(Arrives(bench, tagged));
        Assert.Equal(Ok, Command(bench, Vlan, 0, 7, 0));
        Assert.True(Arrives(bench, tagged));
        Assert.Equal(Ok, Command(bench, Vlan, 1, 7, 0));
        Assert.False(Arrives(bench, tagged));
    }

    [Fact]
    public void ADriverThatCannotFilterGetsEverything()
    {
        using var bench = VirtioBench.Running(without: 0xBEul << 16);
        bench.Receive.AddWritable(8);
        bench.Receive.Notify();
        Assert.Equal([true, true, true, true], Arrive(bench));
    }

    [Theory]
    [InlineData(9, 0, new byte[] { 1 }, "command-not-negotiated")]
    [InlineData(0, 9, new byte[] { 1 }, "command-not-negotiated")]
    [InlineData(MultiQueue, 0, new byte[] { 1, 0 }, "command-not-negotiated")]
    [InlineData(Receive, 0, new byte[] { }, "command-data")]
    [InlineData(Receive, 0, new byte[] { 2 }, "command-data")]
    [InlineData(MacClass, 0, new byte[] { 1, 0, 0, 0 }, "command-data")]
    [InlineData(MacClass, 1, new byte[] { 1 }, "command-data")]
    [InlineData(Vlan, 0, new byte[] { 0, 0x10 }, "command-data")]
    public void WrongCommandsFail(byte kind, byte command, byte[] data, string rule)
    {
        using var bench = Receiving();
        Assert.Equal(Error, Command(bench, kind, command, data));
        Assert.Equal([rule], bench.Rules);
    }

    [Fact]
    public void ACommandHasAPlaceForTheAnswer()
    {
        using var bench = Receiving();
        bench.Queues[2].Add(new Piece(bench.Place([Receive, 0, 1]), 3, false));
        bench.Queues[2].Notify();
        bench.Run();
        Assert.Equal(0, bench.Queues[2].TakeUsed()?.Written);
        Assert.Equal(["command-format"], bench.Rules);
    }

    [Fact]
    public void ACommandMayLieInAnyPieces()
    {
        using var bench = Receiving();
        ulong bytes = bench.Place([Receive, 0, 1, 0xFF]);
        var control = bench.Queues[2];
        control.AddIndirect(
            new Piece(bytes, 1, false), new Piece(bytes + 1, 1, false), new Piece(bytes + 2, 1, false),
            new Piece(bytes + 3, 1, true));
        control.Notify();
        bench.Run();
        Assert.Equal(new[] { Ok }, control.TakeBytes());
        Assert.Equal([true, true, true, true], Arrive(bench));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void PairsAreOneToAllOfThem(int pairs)
    {
        using var bench = VirtioBench.Running(new() { QueuePairs = 4 }, size: 256);
        Assert.Equal(Error, Command(bench, MultiQueue, 0, (byte)pairs, 0));
        Assert.Equal(["command-data"], bench.Rules);
    }

    // A driver that sends on its second pair and then gives the pair up does nothing wrong, whenever the device looks.
    [Fact]
    public void ABellThatRangBeforeACommandIsNotJudgedByIt()
    {
        using var bench = VirtioBench.Running(new() { QueuePairs = 2 });
        Assert.Equal(Ok, Command(bench, MultiQueue, 0, 2, 0));
        bench.Queues[3].Notify();
        byte[] command = [MultiQueue, 0, 1, 0];
        var control = bench.Queues[4];
        control.Add(new Piece(bench.Place(command), command.Length, false), new Piece(bench.Place([0xEE]), 1, true));
        control.NotifyIfWanted();
        // One turn, in which no timer is due.
        bench.Card.Poll(bench.Now + 1);
        Assert.Equal(1, bench.Card.Pairs);
        bench.Run();
        Assert.Empty(bench.Rules);
    }

    [Fact]
    public void WithoutMultiQueueTheControlQueueComesAfterTheFirstPair()
    {
        using var bench = VirtioBench.Running(new() { QueuePairs = 4 }, without: 1ul << 22);
        bench.Receive.AddWritable(8);
        bench.Receive.Notify();
        Assert.Equal(Ok, Command(bench, 2, Receive, 0, [1]));
        Assert.Equal([true, true, true, true], Arrive(bench));
    }

    private static VirtioBench Receiving()
    {
        var bench = VirtioBench.Running();
        bench.Receive.AddWritable(50);
        bench.Receive.Notify();
        return bench;
    }

    internal static byte Command(VirtioBench bench, byte kind, byte command, params byte[] data) =>
        Command(bench, bench.Card.Options.LastQueue, kind, command, data);

    private static byte Command(VirtioBench bench, int queue, byte kind, byte command, byte[] data)
    {
        var control = bench.Queues[queue];
        byte[] bytes = [kind, command, .. data];
        control.Add(new Piece(bench.Place(bytes), bytes.Length, false), new Piece(bench.Place([0xEE]), 1, true));
        control.NotifyIfWanted();
        bench.Run();
        byte[]? answer = control.TakeBytes();
        Assert.NotNull(answer);
        return answer.Single();
    }

    // Whether frames to the card, to another address, to a group and to the broadcast address arrive.
    private static bool[] Arrive(VirtioBench bench) =>
        [.. new[] { VirtioBench.Mac, s_other, s_group, s_all }.Select(
            address => Arrives(bench, VirtioBench.Frame(destination: address)))];

    private static bool Arrives(VirtioBench bench, byte[] frame)
    {
        bench.Deliver(frame);
        byte[]? received = bench.Receive.TakeFrame();
        if (received is null) return false;
        Assert.Equal(frame, received);
        return true;
    }
}
