namespace Ixy.Simulation.Tests.Virtio.Rings;

/// <summary>
/// Rules for rings and descriptors (virtio 1.2, 2.7 and 2.8). A device that cannot go on sets NEEDS_RESET (2.1.2), and
/// touches nothing until it is reset.
/// </summary>
public sealed class RingRuleTests
{
    private const ulong Outside = 0x9_0000_0000;

    [Fact]
    public void TheAvailableIndexIsNotAheadByMoreThanTheRing() => Breaks("available-index", (bench, ring) =>
        ring.AvailableIndex = 257);

    [Fact]
    public void TheAvailableIndexDoesNotGoBack() => Breaks("available-index", (bench, ring) =>
    {
        bench.Send(VirtioBench.Frame());
        ring.AvailableIndex = 0;
    });

    [Fact]
    public void ADescriptorIsInTheTable() => Breaks("descriptor-index", (bench, ring) => ring.MakeAvailable(256));

    [Fact]
    public void TheNextDescriptorIsInTheTable() => Breaks("descriptor-index", (bench, ring) =>
    {
        ring.PutDescriptor(ring.Descriptor(0), bench.Allocate(72), 72, SplitQueue.Next, 256);
        ring.MakeAvailable(0);
    });

    [Fact]
    public void DescriptorsMakeNoLoop() => Breaks("descriptor-loop", (bench, ring) =>
    {
        ulong buffer = bench.Allocate(72);
        ring.PutDescriptor(ring.Descriptor(0), buffer, 72, SplitQueue.Next, 1);
        ring.PutDescriptor(ring.Descriptor(1), buffer, 72, SplitQueue.Next, 0);
        ring.MakeAvailable(0);
    });

    [Fact]
    public void DescriptorsInATableMakeNoLoop() => Breaks("descriptor-loop", (bench, ring) =>
    {
        ulong table = bench.Allocate(16);
        ring.PutDescriptor(table, bench.Allocate(72), 72, SplitQueue.Next, 0);
        ring.PutDescriptor(ring.Descriptor(0), table, 16, SplitQueue.Indirect, 0);
        ring.MakeAvailable(0);
    });

    [Fact]
    public void AChainIsNotLongerThanTheQueue() => Breaks("chain-too-long", (bench, ring) =>
        ring.AddIndirect([.. Enumerable.Repeat(new Piece(bench.Allocate(16), 16, false), 257)]));

    [Fact]
    public void AChainHasLessThanFourGigabytes() => Breaks("chain-too-large", (bench, ring) =>
    {
        ulong buffer = bench.Allocate(72);
        bench.Card.Dma.Map(Outside, uint.MaxValue, 0x1000); // nothing is read before the whole chain is known
        ring.PutDescriptor(ring.Descriptor(0), buffer, 72, SplitQueue.Next, 1);
        ring.PutDescriptor(ring.Descriptor(1), Outside, -1, SplitQueue.Next, 2);
        ring.PutDescriptor(ring.Descriptor(2), buffer, 72, 0, 0);
        ring.MakeAvailable(0);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhatTheDeviceReadsComesFirst(bool packed) => Breaks("writable-before-readable", packed, bench =>
    {
        ulong buffer = bench.Allocate(72);
        bench.Transmit.Add(new Piece(buffer, 36, true), new Piece(buffer, 36, false));
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void BuffersAreMapped(bool packed) => Breaks("dma-outside-mapping", packed, bench =>
        bench.Transmit.Add(new Piece(Outside, 72, false)));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void EveryPieceIsMapped(bool packed) => Breaks("dma-outside-mapping", packed, bench =>
        bench.Transmit.Add(new Piece(bench.Allocate(12), 12, false), new Piece(Outside, 60, false)));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TablesAreMapped(bool packed) => Breaks("dma-outside-mapping", packed, bench =>
        PutIndirect(bench, Outside, 32));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void IndirectDescriptorsAreNegotiated(bool packed) => Breaks("indirect-not-negotiated", packed, bench =>
        bench.Transmit.AddIndirect(new Piece(bench.Allocate(72), 72, false)), VirtioBench.Indirect);

    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 40)]
    [InlineData(true, 0)]
    [InlineData(true, 40)]
    public void ATableHasWholeDescriptors(bool packed, int length) => Breaks("indirect-length", packed, bench =>
        PutIndirect(bench, bench.Allocate(64), length));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ATableRefersToNoOther(bool packed) => Breaks("indirect-nested", packed, bench =>
    {
        ulong table = bench.Allocate(16);
        bench.Transmit.PutDescriptor(
            table, table, 16, packed ? 0 : SplitQueue.Indirect, packed ? PackedQueue.Indirect : 0);
        PutIndirect(bench, table, 16);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ATableIsTheLastDescriptor(bool packed) => Breaks("indirect-and-next", packed, bench =>
        PutIndirect(bench, bench.Allocate(16), 16, SplitQueue.Next));

    [Fact]
    public void AListInAPackedRingHasNoTable() => Breaks("indirect-and-next", true, bench =>
    {
        var ring = (PackedQueue)bench.Transmit;
        ulong buffer = bench.Allocate(72);
        ring.PutDescriptor(ring.Descriptor(1), buffer, 16, 0, ring.AvailableFlags() | PackedQueue.Indirect);
        ring.PutDescriptor(ring.Descriptor(0), buffer, 72, 0, ring.AvailableFlags() | PackedQueue.Next);
    });

    [Fact]
    public void ATableInAPackedRingIsNotLongerThanTheQueue() => Breaks("chain-too-long", true, bench =>
        bench.Transmit.AddIndirect([.. Enumerable.Repeat(new Piece(bench.Allocate(16), 16, false), 257)]));

    [Fact]
    public void AListInAPackedRingEnds() => Breaks("chain-too-long", true, bench =>
    {
        var ring = (PackedQueue)bench.Transmit;
        ulong buffer = bench.Allocate(72);
        for (int i = 0; i < 256; i++)
            ring.PutDescriptor(ring.Descriptor(i), buffer, 1, 0, ring.AvailableFlags() | PackedQueue.Next);
    });

    [Fact]
    public void AListInAPackedRingIsAvailableAsAWhole() => Breaks("chain-open", true, bench =>
    {
        var ring = (PackedQueue)bench.Transmit;
        ring.PutDescriptor(ring.Descriptor(0), bench.Allocate(72), 72, 0, ring.AvailableFlags() | PackedQueue.Next);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheRingIsMapped(bool packed)
    {
        using var bench = VirtioBench.Negotiated(new() { IsPacked = packed });
        for (uint field = 0x20; field <= 0x30; field += 8) bench.WriteAddress(field, Outside);
        bench.Write(0x1C, 1, 2);
        bench.DriverOk();
        bench.Ring(0);
        bench.Run();
        Assert.Contains("dma-outside-mapping", bench.Rules);
        Assert.Equal(0x4Fu, bench.Status);
    }

    [Fact]
    public void ABrokenDeviceWorksAgainAfterAReset()
    {
        using var bench = VirtioBench.Running();
        bench.Transmit.Add(new Piece(Outside, 72, false));
        bench.Transmit.Notify();
        bench.Run();
        bench.Negotiate(ulong.MaxValue);
        bench.AddQueue(1);
        bench.DriverOk();
        bench.Send(VirtioBench.Frame());
        Assert.Single(bench.TestWire.FromCard);
        Assert.Equal(0xFu, bench.Status);
    }

    // Makes the queue's first descriptor refer to a table.
    private static void PutIndirect(VirtioBench bench, ulong table, int length, int more = 0)
    {
        if (bench.Transmit is PackedQueue packed)
        {
            packed.PutDescriptor(
                packed.Descriptor(0), table, length, 0, packed.AvailableFlags() | PackedQueue.Indirect | more);
            return;
        }
        var split = (SplitQueue)bench.Transmit;
        split.PutDescriptor(split.Descriptor(0), table, length, SplitQueue.Indirect | more, 0);
        split.MakeAvailable(0);
    }

    private static void Breaks(string rule, Action<VirtioBench, SplitQueue> act) =>
        Breaks(rule, packed: false, bench => act(bench, (SplitQueue)bench.Transmit));

    private static void Breaks(string rule, bool packed, Action<VirtioBench> act, ulong without = 0)
    {
        using var bench = VirtioBench.Running(new() { IsPacked = packed }, without);
        act(bench);
        int before = bench.TestWire.FromCard.Count;
        bench.Transmit.Notify();
        bench.Run();
        Assert.Equal([rule], bench.Rules);
        Assert.Equal(before, bench.TestWire.FromCard.Count);
        Assert.Equal(0x4Fu, bench.Status);
        Assert.Equal(2u, bench.Read(VirtioBench.Isr, 1) & 2);
    }
}
