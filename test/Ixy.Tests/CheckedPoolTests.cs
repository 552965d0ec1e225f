namespace Ixy.Tests;

public sealed class CheckedPoolTests
{
    private static readonly PacketPoolOptions s_options = new() { Count = 4, Checked = true, Name = "the test's pool" };

    [Fact]
    public void ADoubleFreeNamesThePlaceOfAllocation()
    {
        using var pool = new PacketPool(s_options);
        Assert.True(pool.TryAllocate(out var packet));
        packet.Free();

        var error = Assert.Throws<PacketMisuseException>(packet.Free);

        Assert.Contains("the test's pool", error.Message);
        Assert.Contains(nameof(CheckedPoolTests) + ".cs:", error.Message);
        Assert.Equal(4, pool.Available);
    }

    [Fact]
    public void AStaleCopyIsKnownEvenWhenTheBufferIsInUseAgain()
    {
        using var pool = new PacketPool(s_options);
        Assert.True(pool.TryAllocate(out var packet));
        var copy = packet;
        packet.Free();
        Assert.True(pool.TryAllocate(out var again));
        Assert.Equal(copy.Buffer, again.Buffer);

        Assert.Throws<PacketMisuseException>(copy.Free);
        Assert.Throws<PacketMisuseException>(() => copy.Data.Length);
        again.Free();
    }

    [Fact]
    public void DataOfAFreedPacketIsRefused()
    {
        using var pool = new PacketPool(s_options);
        Assert.True(pool.TryAllocate(out var packet));
        packet.Length = 60;
        Assert.Equal(60, packet.Data.Length);
        packet.Free();
        Assert.Throws<PacketMisuseException>(() => packet.Data[0] = 1);
    }

    [Fact]
    public void LeaksAreReportedWithThePlaceOfAllocation()
    {
        var pool = new PacketPool(s_options);
        Assert.True(pool.TryAllocate(out var kept));
        Assert.True(pool.TryAllocate(out var returned));
        returned.Free();

        string leak = Assert.Single(pool.FindLeaks());
        Assert.Contains(nameof(CheckedPoolTests) + ".cs:", leak);
        var error = Assert.Throws<PacketMisuseException>(pool.Dispose);
        Assert.Contains("1 packets of the test's pool were never given back", error.Message);
        kept.Free();
    }

    [Fact]
    public void AnUncheckedPoolSaysThatItDoesNotKnow()
    {
        using var pool = new PacketPool(s_options with { Checked = false });
        Assert.Throws<InvalidOperationException>(() => pool.FindLeaks());
    }
}
