using Ixy.Vfio.Interop;
using static Ixy.Testing.RawClient;

namespace Ixy.Hosting.Tests.VfioUser;

/// <summary>What the device reports about itself, and accesses to its regions.</summary>
public sealed unsafe class RegionTests
{
    private const int EINVAL = 22, EOPNOTSUPP = 95;
    private const uint Config = 7;

    [Fact]
    public void TheDeviceHasTheRegionsAndInterruptsOfPciAndCanBeReset()
    {
        using var bench = new ServerBench();
        var info = bench.Client.Ask(GetInfo, Bytes(16, 0, 0, 0));
        Assert.Equal(Bytes(16, 3, 9, 5), info.Payload);
        bench.Client.Refused(EINVAL, GetInfo, Bytes(15, 0, 0, 0));
        bench.Client.Refused(EINVAL, GetInfo, Bytes(16, 0, 0));
    }

    [Theory]
    [InlineData(0, 0x20000u, 3u)]
    [InlineData(1, 0u, 0u)]
    [InlineData(2, 32u, 3u)]
    [InlineData(4, 0x4000u, 3u)]
    [InlineData(6, 0u, 0u)]
    [InlineData(7, 4096u, 3u)]
    [InlineData(8, 0u, 0u)]
    public void RegionsHaveTheLengthsOfTheCard(int index, uint length, uint flags)
    {
        using var bench = new ServerBench();
        var info = bench.Client.Ask(GetRegionInfo, Bytes(32, 0, index, 0, 0ul, 0ul));
        Assert.Equal((index, (ulong)length, flags), ((int)info.U32(8), info.U64(16), info.U32(4) & 3));
        foreach (int descriptor in info.Descriptors) _ = Libc.close(descriptor);
    }

    [Fact]
    public void RegionInfoIsRefusedBehindTheLastRegionAndWithoutRoom()
    {
        using var bench = new ServerBench();
        bench.Client.Refused(EINVAL, GetRegionInfo, Bytes(32, 0, 9, 0, 0ul, 0ul));
        bench.Client.Refused(EINVAL, GetRegionInfo, Bytes(32, 0, -1, 0, 0ul, 0ul));
        bench.Client.Refused(EINVAL, GetRegionInfo, Bytes(31, 0, 0, 0, 0ul, 0ul));
        bench.Client.Refused(EINVAL, GetRegionInfo, Bytes(32, 0, 0, 0, 0ul));
        bench.Client.Refused(EOPNOTSUPP, GetRegionIoFds, Bytes(16, 0, 0, 0));
        bench.Client.Refused(EINVAL, GetRegionIoFds, Bytes(16, 0, 9, 0));
    }

    [Fact]
    public void AClientThatOnlyRingsDoorbellsGetsThePagesWithTheRings()
    {
        using var bench = new ServerBench(negotiate: false);
        bench.Client.Negotiate("{\"capabilities\":{\"ixy_doorbells_only\":true}}");
        var small = bench.Client.Ask(GetRegionInfo, Bytes(32, 0, 0, 0, 0ul, 0ul));
        // Not enough room for the areas: the reply gives the size needed and nothing of what does not fit. (QEMU 11
        // asks this way, and treats a flag without an offset as an error.)
        Assert.Equal((32 + 16 + 3 * 16, 3u, 0u), ((int)small.U32(0), small.U32(4), small.U32(12)));
        Assert.Empty(small.Descriptors);
        var info = bench.Client.Ask(GetRegionInfo, Bytes(96, 0, 0, 0, 0ul, 0ul));
        Assert.Equal((0xFu, 32u), (info.U32(4), info.U32(12)));
        Assert.Equal(
            Bytes((ushort)1, (ushort)1, 0, 3, 0, 0x1000ul, 0x1000ul, 0x6000ul, 0x2000ul, 0xD000ul, 0x1000ul),
            info.Payload[32..]);
        int file = bench.Keep(Assert.Single(info.Descriptors));

        nint page = Libc.mmap(0, 4096, 3, Libc.MAP_SHARED, file, 0x6000);
        Assert.NotEqual(Libc.MapFailed, page);
        bench.Client.Write(Config, 4, 6, 2);
        *(uint*)(page + 0x18) = 5;
        Assert.Equal(5u, bench.Client.Read(0, 0x6018));
        // The client cannot truncate the file under the card.
        Assert.NotEqual(0, Libc.ftruncate(file, 0));
        _ = Libc.munmap(page, 4096);
    }

    [Fact]
    public void OthersReachTheRingsByMessages()
    {
        using var bench = new ServerBench();
        var info = bench.Client.Ask(GetRegionInfo, Bytes(96, 0, 0, 0, 0ul, 0ul));
        foreach (int descriptor in info.Descriptors) bench.Keep(descriptor);
        Assert.Empty(info.Descriptors);
        Assert.Equal(Bytes(32, 3, 0, 0, 0x20000ul, 0ul), info.Payload);
        bench.Client.Write(Config, 4, 6, 2);
        bench.Client.Write(0, 0x7028, 1u << 25); // TXDCTL[64], without a ring
        Assert.Contains(bench.Card.Violations.All, violation => violation.Explanation.Contains("ring"));
    }

    // ENABLE must not come from the shared file, even if a client maps that page: a driver frees its buffers when
    // ENABLE reads 0.
    [Theory]
    [InlineData(0x1028u)] // RXDCTL[0]
    [InlineData(0xD028u)] // RXDCTL[64]
    [InlineData(0x6028u)] // TXDCTL[0]
    [InlineData(0x7028u)] // TXDCTL[64]
    public void EnableReadsAsWhatTheCardHasDone(uint control)
    {
        using var bench = new ServerBench(negotiate: false);
        bench.Client.Negotiate("{\"capabilities\":{\"ixy_doorbells_only\":true}}");
        var info = bench.Client.Ask(GetRegionInfo, Bytes(96, 0, 0, 0, 0ul, 0ul));
        int file = bench.Keep(Assert.Single(info.Descriptors));
        bench.Client.Write(Config, 4, 6, 2);
        ServerBench.WriteFile(file, control, Bytes(1u << 25));
        Assert.Equal(0u, bench.Client.Read(0, control) & 1u << 25);
        bench.Client.Write(0, control, 1u << 25);
        ServerBench.WriteFile(file, control, Bytes(0u));
        Assert.Equal(1u << 25, bench.Client.Read(0, control) & 1u << 25);
    }

    [Fact]
    public void AClientThatTakesNoDescriptorsGetsNone()
    {
        using var bench = new ServerBench(negotiate: false);
        bench.Client.Negotiate("{\"capabilities\":{\"max_msg_fds\":0}}");
        var info = bench.Client.Ask(GetRegionInfo, Bytes(96, 0, 0, 0, 0ul, 0ul));
        foreach (int descriptor in info.Descriptors) bench.Keep(descriptor);
        Assert.Empty(info.Descriptors);
        Assert.Equal(Bytes(32, 3, 0, 0, 0x20000ul, 0ul), info.Payload);
    }

    [Fact]
    public void TheFileOfASharedPageHasNothingOfTheOthers()
    {
        using var bench = new ServerBench(negotiate: false);
        bench.Client.Negotiate("{\"capabilities\":{\"ixy_doorbells_only\":true}}");
        var info = bench.Client.Ask(GetRegionInfo, Bytes(96, 0, 0, 0, 0ul, 0ul));
        int file = bench.Keep(Assert.Single(info.Descriptors));
        bench.Client.Write(Config, 4, 6, 2);
        uint address = bench.Client.Read(0, 0xA200); // RAL
        ServerBench.WriteFile(file, 0xA200, [0xFF, 0xFF, 0xFF, 0xFF]);
        Assert.Equal(address, bench.Client.Read(0, 0xA200));
    }

    [Fact]
    public void TheDoorbellPageOfVirtioIsSharedWithEverybody()
    {
        using var bench = ServerBench.Virtio();
        var info = bench.Client.Ask(GetRegionInfo, Bytes(64, 0, 4, 0, 0ul, 0ul));
        Assert.Equal(Bytes((ushort)1, (ushort)1, 0, 1, 0, 0x3000ul, 0x1000ul), info.Payload[32..]);
        bench.Keep(Assert.Single(info.Descriptors));
    }

    [Fact]
    public void ConfigurationSpaceIsReadInAnyLengthAtAnyByte()
    {
        using var bench = new ServerBench();
        Assert.Equal(0x10FB_8086u, bench.Client.Read(Config, 0));
        Assert.Equal(0xFB80u, bench.Client.Read(Config, 1, 2));
        Assert.Equal(0x10u, bench.Client.Read(Config, 3, 1));
        byte[] all = bench.Client.Ask(RegionRead, Bytes(0ul, Config, 4096)).Payload[16..];
        for (int start = 0; start < 64; start++)
        {
            for (int count = 0; count < 20; count++)
                Assert.Equal(
                    all[start..(start + count)], bench.Client.Ask(RegionRead, Bytes((ulong)start, Config, count))
                    .Payload[16..]);
        }
    }

    [Fact]
    public void ConfigurationSpaceIsWrittenInAnyLengthAtAnyByte()
    {
        using var bench = new ServerBench();
        // The address of BAR 0, and BAR 1 (its upper half): one write of 7 bytes, starting at the second byte.
        bench.Client.Ask(
            RegionWrite, Bytes(0x11ul, Config, 7, new byte[] { 0xFF, 0xFF, 0xFF, 0x11, 0x22, 0x33, 0x44 }));
        Assert.Equal(0xFFFE_000Cu, bench.Client.Read(Config, 0x10));
        Assert.Equal(0x4433_2211u, bench.Client.Read(Config, 0x14));
    }

    [Fact]
    public void ABarIsAccessedInPiecesOfFourBytes()
    {
        using var bench = new ServerBench();
        bench.Client.Write(Config, 4, 6, 2);
        bench.Client.Ask(RegionWrite, Bytes(0x6000ul, 0, 8, 0x1234_5680, 0x77));
        var reply = bench.Client.Ask(RegionRead, Bytes(0x6000ul, 0, 8));
        Assert.Equal(Bytes(0x6000ul, 0, 8, 0x1234_5680, 0x77), reply.Payload);
        Assert.Empty(bench.Card.Violations.All);
        // Across two registers: two bytes from each.
        Assert.Equal(0x0077_1234u, bench.Client.Read(0, 0x6002));
        Assert.Equal(0x56u, bench.Client.Read(0, 0x6001, 1));
        Assert.Contains(bench.Card.Violations.All, violation => violation.Rule == "access-width");
    }

    [Theory]
    [InlineData(0x20000ul, 0, 1)]
    [InlineData(0x1FFFEul, 0, 4)]
    [InlineData(ulong.MaxValue, 0, 4)]
    [InlineData(ulong.MaxValue - 3, 7, 8)]
    [InlineData(0ul, 7, 4097)]
    [InlineData(0ul, 7, -1)]
    [InlineData(0ul, 1, 1)]
    [InlineData(0ul, 9, 0)]
    [InlineData(1ul, 9, 0)]
    [InlineData(0ul, -1, 4)]
    public void AccessesOutsideOfARegionAreRefused(ulong offset, int region, int count)
    {
        using var bench = new ServerBench();
        if (offset == 0 && count == 0)
        {
            // Nothing is read at the end of an empty region.
            bench.Client.Ask(RegionRead, Bytes(offset, region, count));
            return;
        }
        bench.Client.Refused(EINVAL, RegionRead, Bytes(offset, region, count));
        bench.Client.Refused(EINVAL, RegionWrite, Bytes(offset, region, count, new byte[Math.Clamp(count, 0, 8192)]));
    }

    [Fact]
    public void AWriteHasExactlyItsData()
    {
        using var bench = new ServerBench();
        bench.Client.Refused(EINVAL, RegionWrite, Bytes(4ul, Config, 2, (byte)6));
        bench.Client.Refused(EINVAL, RegionWrite, Bytes(4ul, Config, 2, 6));
        bench.Client.Refused(EINVAL, RegionWrite, Bytes(4ul, Config));
        Assert.Equal(0u, bench.Client.Read(Config, 4, 2));
    }

    [Fact]
    public void SeveralWritesGoInOneMessageOrNotAtAll()
    {
        using var bench = new ServerBench();
        byte[] one = Bytes(0x04ul, Config, 2, 6ul), other = Bytes(0x0Cul, Config, 1, 0x40ul),
            bad = Bytes(4096ul, Config, 1, 0ul);
        bench.Client.Refused(EINVAL, WriteMulti, Bytes(2ul, one, bad));
        bench.Client.Refused(EINVAL, WriteMulti, Bytes(3ul, one, other));
        bench.Client.Refused(EINVAL, WriteMulti, Bytes(1ul, Bytes(4ul, Config, 9, 0ul)));
        bench.Client.Refused(EINVAL, WriteMulti, Bytes(1));
        Assert.Equal(0u, bench.Client.Read(Config, 4, 2));
        Assert.Equal(2ul, bench.Client.Ask(WriteMulti, Bytes(2ul, one, other)).U64(0));
        Assert.Equal((6u, 0x40u), (bench.Client.Read(Config, 4, 2), bench.Client.Read(Config, 0xC, 1)));
    }

    [Fact]
    public void WithoutReplyThereIsNoneNotEvenForAnError()
    {
        using var bench = new ServerBench();
        bench.Client.Send(RegionWrite, Bytes(4ul, Config, 2, (ushort)6), flags: 0x10);
        bench.Client.Send(RegionWrite, Bytes(4ul, Config, 9), flags: 0x10);
        bench.Client.Send(99, [], flags: 0x10);
        Assert.Equal(6u, bench.Client.Read(Config, 4, 2));
    }

    [Fact]
    public void AResetKeepsTheHeaderOfConfigurationSpace()
    {
        using var bench = new ServerBench();
        bench.Client.Write(Config, 4, 6, 2);
        bench.Client.Write(Config, 0x10, 0xFE00_0000);
        bench.Client.Write(0, 0x6008, 0x1000); // TDLEN
        bench.Client.Refused(EINVAL, Reset, [0]);
        bench.Client.Ask(Reset, []);
        Assert.Equal((6u, 0xFE00_000Cu), (bench.Client.Read(Config, 4, 2), bench.Client.Read(Config, 0x10)));
        Assert.Equal(0u, bench.Client.Read(0, 0x6008));
    }
}
