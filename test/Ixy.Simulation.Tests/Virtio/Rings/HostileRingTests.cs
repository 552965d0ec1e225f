using Ixy.Simulation.Virtio.Rings;
using Ixy.Virtio;

namespace Ixy.Simulation.Tests.Virtio.Rings;

/// <summary>
/// A driver that changes a ring while the device looks at it: the device must use exactly what it has checked. The ring
/// is used without a device around it, which would stop at the first invalid descriptor.
/// </summary>
public sealed unsafe class HostileRingTests
{
    private const int Tries = 300_000, Size = 4;

    // Its own small piece of memory, as seen by the device, which must not touch anything beyond it.
    private const ulong Small = 0x9_0000_0000;
    private const int SmallLength = 64, Indirect = 4;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheLengthChangesMeanwhile(bool packed)
    {
        using var bench = Negotiated(packed);
        ulong memory = bench.Allocate(4096);
        bench.Card.Dma.Map(Small, SmallLength, (nint)Pointer(bench, memory));
        var (ring, chain, queue) = Start(bench, packed);
        queue.Add(new Piece(Small, SmallLength, true));
        using var change = new Changer(Pointer(bench, queue.Descriptors) + 8, SmallLength, SmallLength + 128);
        for (int i = 0; i < Tries; i++)
        {
            if (!ring.TryTake(chain)) continue;
            Assert.True(
                chain[0].Length == SmallLength, $"{chain[0].Length} bytes, of which {SmallLength} are the card's");
            ring.PutBack(chain);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheLengthOfATableChangesMeanwhile(bool packed)
    {
        using var bench = Negotiated(packed);
        ulong table = bench.Allocate(64), buffer = bench.Allocate(64);
        bench.Card.Dma.Map(Small, 16, (nint)Pointer(bench, table));
        var (ring, chain, queue) = Start(bench, packed);
        for (int i = 0; i < 4; i++)
            queue.PutDescriptor(table + 16 * (ulong)i, buffer, 64, packed ? 0 : 3, packed ? 2 : i + 1);
        if (!packed) queue.PutDescriptor(table, buffer, 64, 2, 0);
        queue.Add(new Piece(Small, 16, false));
        int flags = queue.Get16(queue.Descriptors + (packed ? 14u : 12u));
        queue.Put16(queue.Descriptors + (packed ? 14u : 12u), flags | Indirect);
        using var change = new Changer(Pointer(bench, queue.Descriptors) + 8, 16, 64);
        for (int i = 0; i < Tries; i++)
        {
            if (!ring.TryTake(chain)) continue;
            Assert.True(chain.Count == 1, $"{chain.Count} descriptors of a table, of which 1 is the card's");
            ring.PutBack(chain);
        }
    }

    [Fact]
    public void AWholeRingIsUsedOnceUntilTheDriverSeesIt()
    {
        using var bench = Negotiated(packed: true);
        var (ring, chain, queue) = Start(bench, packed: true);
        for (int i = 0; i < Size; i++) queue.Add(new Piece(bench.Allocate(64), 64, true));
        for (int i = 0; i < Size; i++)
        {
            Assert.True(ring.TryTake(chain));
            ring.Use(chain, 0);
        }
        // Made available for the next lap, though the device has not returned them.
        for (ulong i = 0; i < Size; i++)
            queue.Put16(queue.Descriptors + 16 * i + 14, PackedQueue.Used | PackedQueue.Write);
        Assert.False(ring.TryTake(chain));
        ring.Publish();
        Assert.NotNull(queue.TakeUsed());
    }

    private static VirtioBench Negotiated(bool packed) =>
        VirtioBench.Negotiated(without: packed ? 0 : VirtioBench.Packed);

    private static (Ring, BufferChain, DriverQueue) Start(VirtioBench bench, bool packed)
    {
        DriverQueue queue = packed ? new PackedQueue(bench, 1, Size) : new SplitQueue(bench, 1, Size);
        Ring ring = packed ? new DevicePackedRing(bench.Card, "queue 1") : new DeviceSplitRing(bench.Card, "queue 1");
        ring.Start(new(Size, queue.Descriptors, queue.Driver, queue.Device, (VirtioFeatures)bench.Features));
        Assert.True(ring.BeginTurn());
        return (ring, new BufferChain(), queue);
    }

    private static byte* Pointer(VirtioBench bench, ulong address)
    {
        fixed (byte* pointer = bench.At(address, 1)) return pointer;
    }
}
