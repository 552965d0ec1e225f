using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using Ixy.Vfio;

namespace Ixy.Tests;

public sealed unsafe class PacketPoolTests
{
    [Fact]
    public void APacketIsSixteenBytes() => Assert.Equal(16, sizeof(Packet));

    [Fact]
    public void AllocatesEveryBufferOnceAndThenNoMore()
    {
        using var pool = new PacketPool(new() { Count = 100, Checked = false });
        var packets = new Packet[150];

        Assert.Equal(100, pool.Allocate(packets));

        var addresses = packets[..100].Select(packet => packet.Buffer).Distinct();
        Assert.Equal(100, addresses.Count());
        Assert.Equal(0, pool.Available);
        Assert.False(pool.TryAllocate(out _));
        PacketPool.Free(packets.AsSpan(0, 100));
        Assert.Equal(100, pool.Available);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(2048)]
    [InlineData(15872)]
    [InlineData(16384)]
    public void BuffersDoNotOverlapNorCrossHugePages(int size)
    {
        using var pool = new PacketPool(new() { Count = 1500, BufferSize = size });
        var packets = new Packet[1500];
        pool.Allocate(packets);

        var starts = packets.Select(packet => packet.Buffer & Packet.AddressMask).Order().ToArray();

        // Each with its headroom in front of it.
        for (int i = 1; i < starts.Length; i++)
            Assert.True(starts[i] - starts[i - 1] >= (ulong)size + PacketPool.Headroom);
        Assert.All(starts, start => Assert.Equal(
            (start - PacketPool.Headroom) / DmaArena.FrameLength, (start + (ulong)size - 1) / DmaArena.FrameLength));
        Assert.All(starts, start => Assert.Equal(0u, start % 64));
        Assert.All(packets, packet => Assert.InRange(pool.IndexOf(packet.Buffer), 0, 1499));
        Assert.Equal(1500, packets.Select(packet => pool.IndexOf(packet.Buffer)).Distinct().Count());
        PacketPool.Free(packets);
    }

    [Fact]
    public void FirstLinesOfSuccessiveBuffersFallIntoDifferentCacheSets()
    {
        using var pool = new PacketPool(new() { Count = 64, BufferSize = 2048, Checked = false });
        var packets = new Packet[64];
        pool.Allocate(packets);

        // The L1 cache of our machines: 64 sets of 64 bytes.
        Assert.Equal(64, packets.Select(packet => packet.Buffer / 64 % 64).Distinct().Count());
        PacketPool.Free(packets);
    }

    [Fact]
    public void ATemplateIsTheContentOfEveryPacket()
    {
        using var pool = new PacketPool(new() { Count = 40 });
        byte[] template = [.. Enumerable.Range(0, 60).Select(i => (byte)i)];
        pool.SetTemplate(template);
        var packets = new Packet[40];

        pool.Allocate(packets);

        foreach (var packet in packets) Assert.Equal(template, packet.Data.ToArray());
        Assert.Throws<InvalidOperationException>(() => pool.SetTemplate(template));
        PacketPool.Free(packets);
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.SetTemplate(new byte[2049]));
    }

    [Fact]
    public void LengthIsLimitedByTheBuffer()
    {
        using var pool = new PacketPool(new() { Count = 1, BufferSize = 128, Checked = false });
        Assert.True(pool.TryAllocate(out var packet));

        packet.Length = 128;
        Assert.Equal(128, packet.Data.Length);
        packet.Length = 0;
        Assert.True(packet.Data.IsEmpty);
        Assert.Throws<ArgumentOutOfRangeException>(() => packet.Length = 129);
        Assert.Throws<ArgumentOutOfRangeException>(() => packet.Length = -1);
        packet.Free();
    }

    [Fact]
    public void PacketsOfSeveralPoolsGoHomeEachToItsOwn()
    {
        using var left = new PacketPool(new() { Count = 8 });
        using var right = new PacketPool(new() { Count = 8 });
        var packets = new Packet[16];
        for (int i = 0; i < 16; i++) Assert.True((i % 2 == 0 ? left : right).TryAllocate(out packets[i]));

        PacketPool.Free(packets);

        Assert.Equal((8, 8), (left.Available, right.Available));
    }

    [Fact]
    public void SentBuffersOfSeveralPoolsGoHomeEachToItsOwn()
    {
        using var left = new PacketPool(new() { Count = 64, Checked = false });
        using var right = new PacketPool(new() { Count = 64, Checked = false });
        var packets = new Packet[128];
        for (int i = 0; i < 128; i++) Assert.True((i / 5 % 2 == 0 ? left : right).Available > 0
            ? (i / 5 % 2 == 0 ? left : right).TryAllocate(out packets[i])
            : (i / 5 % 2 == 0 ? right : left).TryAllocate(out packets[i]));
        ulong[] buffers = [.. packets.Select(packet => packet.Buffer)];

        PacketPool.Free(buffers);

        Assert.Equal((64, 64), (left.Available, right.Available));
    }

    [Fact]
    public void APacketWithoutPoolIsRefused()
    {
        var error = Assert.Throws<PacketMisuseException>(() => default(Packet).Free());
        Assert.Contains("default(Packet)", error.Message);
        Assert.True(default(Packet).Data.IsEmpty);
    }

    [Fact]
    public void MoreReturnsThanBuffersAreNoticedEvenUnchecked()
    {
        using var pool = new PacketPool(new() { Count = 4, Checked = false });
        Assert.True(pool.TryAllocate(out var packet));
        packet.Free();
        Assert.Throws<PacketMisuseException>(packet.Free);
        Assert.Equal(4, pool.Available);
    }

    [Fact]
    public void MemoryStaysUntilTheLastPacketIsBack()
    {
        var pool = new PacketPool(new() { Count = 4, Checked = false });
        Assert.True(pool.TryAllocate(out var packet));
        packet.Length = 60;
        pool.Dispose();

        packet.Data.Fill(7); // still mapped: a card might be sending it
        Assert.Throws<ObjectDisposedException>(() => pool.TryAllocate(out _));
        packet.Free();
        Assert.Throws<PacketMisuseException>(packet.Free);
    }

    [Theory]
    [InlineData(0, 2048)]
    [InlineData(-1, 2048)]
    [InlineData(1, 0)]
    [InlineData(1, 100)]
    [InlineData(1, 16448)]
    public void OptionsOutOfRangeAreRefused(int count, int size) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new PacketPool(new() { Count = count, BufferSize = size }));

    // Against a plain model, a set of held packets: every operation keeps the pool and the model in step.
    [Fact]
    public void AnySequenceOfAllocationsAndReturnsKeepsEveryBuffer() => Prop.ForAll<bool, int[]>((isChecked, steps) =>
    {
        using var pool = new PacketPool(new() { Count = 37, Checked = isChecked });
        var held = new List<Packet>();
        foreach (int step in steps)
        {
            int count = Math.Abs(step % 50);
            if (step >= 0)
            {
                var batch = new Packet[count];
                int got = pool.Allocate(batch);
                Assert.Equal(Math.Min(count, 37 - held.Count), got);
                held.AddRange(batch[..got]);
            }
            else
            {
                count = Math.Min(count, held.Count);
                PacketPool.Free(CollectionsMarshal.AsSpan(held)[..count]);
                held.RemoveRange(0, count);
            }
            Assert.Equal(37 - held.Count, pool.Available);
            Assert.Equal(held.Count, held.Select(packet => packet.Buffer).Distinct().Count());
        }
        PacketPool.Free(CollectionsMarshal.AsSpan(held));
    }).QuickCheckThrowOnFailure();
}
