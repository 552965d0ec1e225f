using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using Ixy.Vfio.Dma;

namespace Ixy.Vfio.Tests;

public sealed unsafe class DmaArenaTests
{
    [Fact]
    public void MemoryIsZeroedLowAndAligned()
    {
        using var memory = DmaMemory.Allocate(10_000);
        Assert.Equal(12_288u, memory.Length);
        Assert.Equal(0u, memory.Address % 16_384);
        Assert.InRange((ulong)memory.Address, (ulong)DmaArena.Base, 1UL << 38);
        Assert.Equal(-1, new ReadOnlySpan<byte>((void*)memory.Address, 12_288).IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void ReturnedMemoryIsZeroedForTheNextOwner()
    {
        using var keepsTheChunk = DmaMemory.Allocate(4096);
        nuint address;
        using (var memory = DmaMemory.Allocate(4096))
        {
            address = memory.Address;
            new Span<byte>((void*)address, 4096).Fill(0xAA);
        }
        using var again = DmaMemory.Allocate(4096);
        Assert.Equal(address, again.Address);
        Assert.Equal(-1, new ReadOnlySpan<byte>((void*)address, 4096).IndexOfAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(0)]
    [InlineData((1 << 30) + 1)]
    public void ImpossibleSizesAreRefused(int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => DmaMemory.Allocate((nuint)length));

    [Fact]
    public void ADeviceSeesWhatThereIsAndWhatComes()
    {
        using var before = DmaMemory.Allocate(4096);
        using var device = new MappingDevice();
        DmaArena.Attach(device);
        Assert.True(device.Sees(before));

        var after = DmaMemory.Allocate(5 << 20);
        Assert.True(device.Sees(after));
        after.Dispose();
        Assert.False(device.Sees(after));

        device.Dispose();
        Assert.Empty(device.Chunks);
        Assert.Equal(["bus master off", "unmapped", "closed"], device.Shutdown.Distinct());
    }

    [Fact]
    public void AFailedMappingLeavesNothingMapped()
    {
        using var before = DmaMemory.Allocate(3 << 20);
        using var device = new MappingDevice { Refuses = true };
        Assert.Throws<DmaMemoryException>(() => DmaArena.Attach(device));
        Assert.Empty(device.Chunks);
        device.Refuses = false;
        DmaArena.Attach(device);
        device.Refuses = true;
        Assert.Throws<DmaMemoryException>(() => DmaMemory.Allocate(40 << 20));
        device.Refuses = false;
        using var after = DmaMemory.Allocate(40 << 20);
        Assert.True(device.Sees(after));
    }

    // The device is disposed later; until then it must not keep memory that has been returned to the system.
    [Fact]
    public void ADeviceThatSeesAPartLosesWhatIsGivenBack()
    {
        const int Length = 32 << 20;
        using var first = DmaMemory.Allocate(Length);
        using var second = DmaMemory.Allocate(Length);
        using var all = new MappingDevice();
        DmaArena.Attach(all);
        using var part = new MappingDevice { Room = all.Chunks.Count - 1 };
        Assert.Throws<DmaMemoryException>(() => DmaArena.Attach(part));
        Assert.Equal((true, false), (part.Sees(first), part.Sees(second)));
        first.Dispose();
        Assert.False(part.Sees(first));
    }

    [Fact]
    public void ADeviceThatKeepsAChunkLosesTheOthers()
    {
        const int Length = 32 << 20;
        using var first = DmaMemory.Allocate(Length);
        using var second = DmaMemory.Allocate(Length);
        using var third = DmaMemory.Allocate(Length);
        var device = new MappingDevice();
        DmaArena.Attach(device);
        device.Keeps = chunk => Has(chunk, first) || Has(chunk, second);
        // The first refusal is reported, and the device is closed all the same.
        var error = Assert.Throws<DmaMemoryException>(device.Dispose);
        Assert.Equal($"0x{device.Chunks.Single(chunk => Has(chunk, first)).Address:x} is kept", error.Message);
        Assert.Equal(2, device.Chunks.Count);
        Assert.Equal("closed", device.Shutdown[^1]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void MemoryThatADeviceKeepsIsTakenFromTheOthers(bool keeperIsFirst)
    {
        const int Length = 40 << 20;
        using (MappingDevice keeper = new(), other = new())
        {
            DmaArena.Attach(keeperIsFirst ? keeper : other);
            DmaArena.Attach(keeperIsFirst ? other : keeper);
            var memory = DmaMemory.Allocate(Length);
            keeper.Keeps = chunk => Has(chunk, memory);
            Assert.Throws<DmaMemoryException>(memory.Dispose);
            Assert.Equal((true, false), (keeper.Sees(memory), other.Sees(memory)));
            // The next memory has an owner of its own, and every device sees it.
            using var next = DmaMemory.Allocate(Length);
            Assert.True(other.Sees(next));
            memory.Dispose();
            Assert.True(other.Sees(next));
            keeper.Keeps = _ => false;
        }
        // What was kept goes back to the system with its next use, once no other device lacks it.
        DmaMemory.Allocate(Length).Dispose();
    }

    [Fact]
    public void ASecondDisposeFreesNothingAfterAFirstOneThatThrew()
    {
        const int Length = 48 << 20;
        var memory = DmaMemory.Allocate(Length);
        using (var keeper = new MappingDevice { Keeps = chunk => Has(chunk, memory) })
        {
            DmaArena.Attach(keeper);
            Assert.Throws<DmaMemoryException>(memory.Dispose);
        }
        using var next = DmaMemory.Allocate(Length);
        Assert.Equal(memory.Address, next.Address);
        memory.Dispose();
        using var more = DmaMemory.Allocate(Length);
        Assert.NotEqual(next.Address, more.Address);
    }

    [Fact]
    public void AllStepsAreRunAndTheFirstErrorIsReported()
    {
        using var device = new MappingDevice();
        var run = new List<int>();
        Action Fail(int number) => () =>
        {
            run.Add(number);
            throw new PciDeviceException($"step {number}");
        };
        var error = Assert.Throws<PciDeviceException>(() => device.InTurn(() => run.Add(0), Fail(1), Fail(2)));
        Assert.Equal("step 1", error.Message);
        Assert.Equal([0, 1, 2], run);
        // A device that is gone has stopped; what else goes wrong still counts.
        device.MarkGone("ones");
        device.InTurn(Fail(3));
        Assert.Throws<InvalidOperationException>(
            () => device.InTurn(Fail(4), () => throw new InvalidOperationException(), Fail(5)));
        Assert.Equal([0, 1, 2, 3, 4, 5], run);
    }

    // Without an IOMMU the device sees each 2 MiB frame at an address of its own.
    [Fact]
    public void ContiguousMemoryLiesInOneFrameWhateverWasTakenBefore() => Prop.ForAll<ushort[]>(lengths =>
    {
        // A chunk of several frames, so that free memory contains a frame boundary.
        using var chunk = DmaMemory.Allocate(6 * DmaArena.FrameLength + 4096);
        var taken = new List<DmaMemory>();
        try
        {
            foreach (ushort random in lengths)
            {
                nuint length = (nuint)random * 32 + 1;
                taken.Add(DmaMemory.Allocate(length % 12_288 + 1));
                var ring = DmaMemory.Allocate(length);
                taken.Add(ring);
                Assert.Equal(ring.Address / DmaArena.FrameLength, (ring.Address + length - 1) / DmaArena.FrameLength);
            }
        }
        finally
        {
            foreach (var memory in taken) memory.Dispose();
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void AllocationsNeverOverlapWhateverTheOrder() => Prop.ForAll<int[]>(steps =>
    {
        var live = new List<DmaMemory>();
        try
        {
            foreach (int step in steps)
            {
                if (step % 3 == 0 && live.Count > 0)
                {
                    int victim = (int)((uint)step % live.Count);
                    live[victim].Dispose();
                    live.RemoveAt(victim);
                    continue;
                }
                // From a few pages to more than a frame.
                nuint length = (nuint)(1 + (uint)step * 7919 % 3_000_000) >> (int)((uint)step % 10);
                var memory = DmaMemory.Allocate(length + 1);
                Assert.Equal(
                    0u, memory.Address % nuint.Min(
                        BitOperations.RoundUpToPowerOf2(memory.Length), DmaArena.FrameLength));
                Assert.All(live, other =>
                    Assert.True(
                        memory.Address >= other.Address + other.Length
                        || other.Address >= memory.Address + memory.Length));
                live.Add(memory);
            }
        }
        finally
        {
            live.ForEach(memory => memory.Dispose());
        }
    }).QuickCheckThrowOnFailure();

    private static bool Has(DmaChunk chunk, DmaMemory memory) =>
        memory.Address >= chunk.Address && memory.Address + memory.Length <= chunk.Address + chunk.Length;

    private sealed class MappingDevice : PciDevice
    {
        internal List<DmaChunk> Chunks { get; } = [];

        internal List<string> Shutdown { get; } = [];

        internal bool Refuses { get; set; }

        /// <summary>Refuses to map more chunks than this.</summary>
        internal int Room { get; init; } = int.MaxValue;

        /// <summary>Refuses to release some chunks.</summary>
        internal Func<DmaChunk, bool> Keeps { get; set; } = _ => false;

        public override string Name => "mapping";

        internal bool Sees(DmaMemory memory) => Chunks.Any(chunk => Has(chunk, memory));

        public override uint ReadConfig(int offset, int size) => 0;

        public override void WriteConfig(int offset, uint value, int size) => Shutdown.Add("bus master off");

        public override PciBar OpenBar(int index) => throw new PciDeviceException("no BAR");

        protected internal override void MapDma(DmaChunk chunk)
        {
            if (Refuses || Chunks.Count == Room) throw new DmaMemoryException("refused");
            Chunks.Add(chunk);
        }

        protected internal override void UnmapDma(DmaChunk chunk)
        {
            if (Shutdown.Count > 0) Shutdown.Add("unmapped");
            if (Keeps(chunk)) throw new DmaMemoryException($"0x{chunk.Address:x} is kept");
            Assert.True(Chunks.Remove(chunk));
        }

        protected override void Close() => Shutdown.Add("closed");
    }
}
