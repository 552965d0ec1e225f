using System.Runtime.CompilerServices;

namespace Ixy.Tests;

public sealed class PacketFlagsTests
{
    [Fact]
    public void APacketStaysSixteenBytes() => Assert.Equal(16, Unsafe.SizeOf<Packet>());

    // Flags, length, loan and hash share one word.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FlagsAndLengthDoNotDisturbEachOther(bool isChecked)
    {
        using var pool = new PacketPool(new() { Count = 1, Checked = isChecked });
        for (int loan = 0; loan < 300; loan++)
        {
            Assert.True(pool.TryAllocate(out var packet));
            Assert.Equal(PacketFlags.None, packet.Flags);
            packet.Metadata |= 0xDEAD_BEEFul << 32;
            for (int bit = 1; bit < 256; bit <<= 1)
            {
                (packet.Flags, packet.Length) = ((PacketFlags)bit, 2048 - bit);
                Assert.Equal(
                    ((PacketFlags)bit, 2048 - bit, 0xDEAD_BEEFu), (packet.Flags, packet.Length, packet.RssHash));
                Assert.Equal(2048 - bit, packet.Data.Length);
            }
            packet.Free();
        }
    }

    [Fact]
    public void ATagLiesOutsideOfTheFrame()
    {
        using var pool = new PacketPool(new() { Count = 2 });
        var packets = new Packet[2];
        Assert.Equal(2, pool.Allocate(packets));
        foreach (ref var packet in packets.AsSpan())
        {
            packet.Length = pool.BufferSize;
            packet.Data.Fill(0x11);
        }
        (packets[0].VlanTag, packets[1].VlanTag) = (0xA064, 0x0FFF);
        Assert.Equal((0xA064, 0x0FFF), (packets[0].VlanTag, packets[1].VlanTag));
        Assert.All(packets, packet => Assert.True(packet.Data.IndexOfAnyExcept((byte)0x11) < 0));
        PacketPool.Free(packets);
    }

    [Fact]
    public void TheTagOfAFreedPacketOrOfNoneIsRefused()
    {
        using var pool = new PacketPool(new() { Count = 1, Checked = true });
        Assert.True(pool.TryAllocate(out var packet));
        packet.Free();
        Assert.Throws<PacketMisuseException>(() => packet.VlanTag);
        Assert.Throws<PacketMisuseException>(() => packet.VlanTag = 1);
        Assert.Throws<PacketMisuseException>(() => default(Packet).VlanTag);
    }

    // A loan has eight bits: a stale handle from any of the last 254 loans is detected.
    [Fact]
    public void AStaleHandleIsFoundThroughoutARoundOfLoans()
    {
        using var pool = new PacketPool(new() { Count = 1, Checked = true });
        Assert.True(pool.TryAllocate(out var stale));
        stale.Free();
        for (int loan = 0; loan < 254; loan++)
        {
            Assert.True(pool.TryAllocate(out var packet));
            Assert.Throws<PacketMisuseException>(stale.Free);
            packet.Free();
        }
    }
}
