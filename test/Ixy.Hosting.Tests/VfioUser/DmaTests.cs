using System.Buffers.Binary;
using Ixy.Hosting.Turns;
using Ixy.Hosting.VfioUser;
using Ixy.Vfio.Interop;
using static Ixy.Testing.RawClient;

namespace Ixy.Hosting.Tests.VfioUser;

/// <summary>DMA_MAP and DMA_UNMAP, and frames that the card fetches from every kind of memory.</summary>
public sealed unsafe class DmaTests
{
    private const int EACCES = 13, EEXIST = 17, EINVAL = 22, ENOENT = 2, Length = 0x10000;
    private const int Readable = 1, All = 3;
    private const ulong Iova = 0x4000_0000, Buffer = Iova + 0x2000;

    [Theory]
    [InlineData(31, All, 0ul, Iova, 0x1000ul)] // argsz
    [InlineData(32, 0, 0ul, Iova, 0x1000ul)] // Neither readable nor writable
    [InlineData(32, 7, 0ul, Iova, 0x1000ul)] // An unknown flag
    [InlineData(32, All, 0ul, Iova + 1, 0x1000ul)] // Not page-aligned
    [InlineData(32, All, 0ul, Iova, 0x1800ul)]
    [InlineData(32, All, 0x800ul, Iova, 0x1000ul)]
    [InlineData(32, All, 0ul, Iova, 0ul)]
    [InlineData(32, All, 0ul, 0xFFFF_FFFF_FFFF_F000ul, 0x2000ul)] // Wraps around
    [InlineData(32, All, 0ul, 0xFFFF_FFFF_FFFF_F000ul, 0x1000ul)]
    [InlineData(32, All, 0ul, 0ul, 0x8000_0000_0000_0000ul)]
    [InlineData(32, All, 0x10000ul, Iova, 0x1000ul)] // Beyond the end of the file
    [InlineData(32, All, 0xF000ul, Iova, 0x2000ul)]
    [InlineData(32, All, 0xFFFF_FFFF_FFFF_F000ul, Iova, 0x2000ul)]
    [InlineData(32, All, 0ul, Iova, 0x11000ul)]
    public void MapsThatAreNoneAreRefused(int argsz, int flags, ulong offset, ulong address, ulong size)
    {
        using var bench = new ServerBench();
        foreach (bool isSealed in (bool[])[true, false])
        {
            int file = bench.Keep(RawClient.MemoryFile(Length, isSealed));
            bench.Client.Refused(EINVAL, DmaMap, Bytes(argsz, flags, offset, address, size), file);
        }
        Assert.False(bench.Card.Dma.IsMapped(0, long.MaxValue));
    }

    [Fact]
    public void MapsDoNotOverlap()
    {
        using var bench = new ServerBench();
        int file = bench.Keep(RawClient.MemoryFile(Length, isSealed: true));
        bench.Client.Ask(DmaMap, Map(Iova, 0x4000), file);
        bench.Client.Ask(DmaMap, Map(Iova + 0x5000, 0x1000));
        foreach (var (offset, size) in (ValueTuple<ulong, ulong>[])[
            (0, 0x4000), (0x1000, 0x1000), (0x3000, 0x2000), (0x5000, 0x1000), (0x4000, 0x2000)])
        {
            bench.Client.Refused(EEXIST, DmaMap, Map(Iova + offset, size), file);
            bench.Client.Refused(EEXIST, DmaMap, Map(Iova + offset, size));
        }
        bench.Client.Ask(DmaMap, Map(Iova + 0x4000, 0x1000), file);
    }

    [Fact]
    public void AMapTakesOneMemoryFile()
    {
        using var bench = new ServerBench();
        int file = bench.Keep(RawClient.MemoryFile(Length, isSealed: true)), other = bench.Keep(ServerBench.Event());
        bench.Client.Refused(EINVAL, DmaMap, Map(Iova, 0x1000), file, other);
        bench.Client.Refused(EINVAL, DmaMap, Map(Iova, 0x1000), other);
        int zero = bench.Keep(Libc.open("/dev/zero", Libc.O_RDWR)),
            readOnly = bench.Keep(Libc.open($"/proc/self/fd/{file}", Libc.O_RDONLY));
        bench.Client.Refused(EINVAL, DmaMap, Map(Iova, 0x1000), zero);
        int program = bench.Keep(Libc.open(typeof(DmaTests).Assembly.Location, Libc.O_RDONLY));
        bench.Client.Refused(EINVAL, DmaMap, Map(Iova, 0x1000, Readable), program);
        bench.Client.Refused(EACCES, DmaMap, Map(Iova, 0x1000), readOnly);
        bench.Client.Ask(DmaMap, Map(Iova, 0x1000, Readable), readOnly);
    }

    [Fact]
    public void AnUnmapFitsAMapOrAll()
    {
        using var bench = new ServerBench();
        int file = bench.Keep(RawClient.MemoryFile(Length, isSealed: true)),
            open = bench.Keep(RawClient.MemoryFile(Length, isSealed: false));
        bench.Client.Ask(DmaMap, Map(Iova, 0x4000), file);
        bench.Client.Ask(DmaMap, Map(Iova + 0x4000, 0x4000), open);
        bench.Client.Ask(DmaMap, Map(Iova + 0x8000, 0x4000));
        bench.Client.Refused(ENOENT, DmaUnmap, Bytes(24, 0, Iova, 0x2000ul));
        bench.Client.Refused(ENOENT, DmaUnmap, Bytes(24, 0, Iova + 0x1000, 0x3000ul));
        bench.Client.Refused(ENOENT, DmaUnmap, Bytes(24, 0, Iova, 0x6000ul));
        bench.Client.Refused(ENOENT, DmaUnmap, Bytes(24, 0, Iova + 0x3000, 0x9000ul));
        bench.Client.Refused(ENOENT, DmaUnmap, Bytes(24, 0, Iova + 0xC000, 0x4000ul));
        bench.Client.Refused(ENOENT, DmaUnmap, Bytes(24, 0, Iova, 0ul));
        bench.Client.Refused(ENOENT, DmaUnmap, Bytes(24, 0, Iova, ulong.MaxValue));
        bench.Client.Refused(EINVAL, DmaUnmap, Bytes(23, 0, Iova, 0x4000ul));
        bench.Client.Refused(EINVAL, DmaUnmap, Bytes(24, 1, Iova, 0x4000ul));
        bench.Client.Refused(EINVAL, DmaUnmap, Bytes(24, 2, Iova, 0x4000ul));
        for (ulong address = Iova; address < Iova + 0xC000; address += 0x4000)
        {
            byte[] unmap = Bytes(24, 0, address, 0x4000ul);
            Assert.Equal(unmap, bench.Client.Ask(DmaUnmap, unmap).Payload);
            bench.Client.Refused(ENOENT, DmaUnmap, unmap);
            bench.Client.Ask(DmaMap, Map(address, 0x4000));
        }
        bench.Client.Ask(DmaUnmap, Bytes(24, 2, 0ul, 0ul));
        Assert.False(bench.Card.Dma.IsMapped(Iova, 0x10000));
    }

    // As QEMU's virtual IOMMU does: unmaps the whole address space in pieces, whatever is mapped there.
    [Fact]
    public void AnUnmapTakesAllMapsInside()
    {
        using var bench = new ServerBench();
        int file = bench.Keep(RawClient.MemoryFile(Length, isSealed: true));
        for (int round = 0; round < 3; round++)
        {
            bench.Client.Ask(DmaMap, Map(Iova, 0x4000), file);
            bench.Client.Ask(DmaMap, Map(Iova + 0x8000, 0x4000));
            bench.Client.Ask(DmaMap, Map(Iova + 0x20000, 0x1000), file);
            bench.Client.Ask(DmaUnmap, Bytes(24, 0, Iova - 0x1000, 0x10000ul));
            Assert.False(bench.Card.Dma.IsMapped(Iova, 0x10000));
            Assert.True(bench.Card.Dma.IsMapped(Iova + 0x20000, 0x1000));
            bench.Client.Ask(DmaUnmap, Bytes(24, 0, 0ul, 1ul << 63));
            Assert.False(bench.Card.Dma.IsMapped(Iova + 0x20000, 0x1000));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TheCardSendsFromAFile(bool isSealed)
    {
        using var bench = new ServerBench();
        int file = bench.Keep(RawClient.MemoryFile(Length, isSealed));
        bench.Client.Ask(DmaMap, Map(Iova, Length - 0x1000, offset: 0x1000), file);
        byte[] frame = Frame();
        ServerBench.WriteFile(file, 0x1000, Descriptor());
        ServerBench.WriteFile(file, 0x1000 + (long)(Buffer - Iova), frame);
        Send(bench);
        Assert.Equal(frame, bench.Wire.FromCard[0]);
        ServerBench.Await(() => (ServerBench.ReadFile(file, 0x1000 + 12, 1)[0] & 1) != 0, "no write-back");
        Assert.Empty(bench.Card.Violations.All);
    }

    [Fact]
    public void TheCardSendsFromMemoryThatOnlyMessagesReach()
    {
        using var bench = new ServerBench();
        var memory = new byte[Length];
        Descriptor().CopyTo(memory, 0);
        byte[] frame = Frame();
        frame.CopyTo(memory, (int)(Buffer - Iova));
        bench.Client.Memory = (address, data, count) =>
        {
            var piece = memory.AsSpan((int)(address - Iova), count);
            data?.CopyTo(piece);
            return piece.ToArray();
        };
        bench.Client.Ask(DmaMap, Map(Iova, Length));
        Send(bench);
        Assert.Equal(frame, bench.Wire.FromCard[0]);
        Assert.Equal(1, memory[12] & 1);
        Assert.Empty(bench.Card.Violations.All);
    }

    [Fact] // max_data_xfer_size: the ring is 2048 bytes.
    public void TheCardAsksForNoMoreAtOnceThanTheClientGives()
    {
        const int Most = 64;
        using var bench = new ServerBench(negotiate: false);
        bench.Client.Negotiate($"{{\"capabilities\":{{\"max_data_xfer_size\":{Most}}}}}");
        var memory = new byte[Length];
        Descriptor().CopyTo(memory, 0);
        Frame().CopyTo(memory, (int)(Buffer - Iova));
        int longest = 0;
        bench.Client.Memory = (address, data, count) =>
        {
            longest = Math.Max(longest, count);
            var piece = memory.AsSpan((int)(address - Iova), count);
            data?.CopyTo(piece);
            return piece.ToArray();
        };
        bench.Client.Ask(DmaMap, Map(Iova, Length));
        Send(bench);
        Assert.Equal(Frame(), bench.Wire.FromCard[0]);
        Assert.Equal(Most, longest);
    }

    [Fact]
    public void AClientThatRefusesMemoryIsReported()
    {
        using var bench = new ServerBench();
        bench.Client.Memory = (_, _, _) => null;
        bench.Client.Ask(DmaMap, Map(Iova, Length));
        SetUp(bench.Client);
        bench.Client.Write(0, 0x6018, 1);
        ServerBench.Await(() => bench.Client.Read(7, 0) != 0 && bench.Card.Violations.Count > 0, "no violation");
        Assert.Equal("dma-failed", bench.Card.Violations.All[0].Rule);
        Assert.Empty(bench.Wire.FromCard);
    }

    [Fact]
    public void ASilentClientHoldsTheCardUpForASecondOnly()
    {
        using var bench = new ServerBench();
        bench.Client.Ask(DmaMap, Map(Iova, Length));
        SetUp(bench.Client);
        bench.Client.Send(RegionWrite, Bytes(0x6018ul, 0, 4, 1));
        ServerBench.Await(() => bench.Card.Violations.Count > 0, "no violation");
        Assert.Equal("dma-failed", bench.Card.Violations.All[0].Rule);
        // A reply that comes too late does no harm: nobody is waiting for it.
        bench.Client.Memory = (_, _, count) => new byte[count];
        Assert.Equal(1u, bench.Client.Receive().Flags);
        bench.Client.Ask(Reset, []);
    }

    [Theory]
    [InlineData(8, 0, 1u, DmaRead)] // A count other than the one requested
    [InlineData(0, 8, 1u, DmaRead)] // Too long
    [InlineData(0, -1, 1u, DmaRead)] // Too short
    [InlineData(0, -2064, 1u, DmaRead)] // Nothing at all
    [InlineData(0, 0, 0x21u, DmaRead)] // An error with data
    [InlineData(0, 0, 1u, DmaWrite)] // A reply to a different command
    public void AWrongAnswerIsNoMemory(int count, int length, uint flags, int command)
    {
        using var bench = new ServerBench();
        bench.Client.Ask(DmaMap, Map(Iova, Length));
        SetUp(bench.Client);
        bench.Client.Send(RegionWrite, Bytes(0x6018ul, 0, 4, 1));
        // The ring. The reply to the doorbell comes before or after it.
        RawReply asked;
        do
        {
            asked = bench.Client.ReceiveMessage()!;
        }
        while (asked.Command != DmaRead);
        Assert.Equal((Iova, 128ul * 16), (asked.U64(0), asked.U64(8)));
        byte[] answer = Bytes(Iova, 128ul * 16 + (ulong)count, Descriptor(), new byte[128 * 16 - 16 + 8])[
            ..(16 + 128 * 16 + length)];
        bench.Client.SendBytes(Bytes(asked.Id, (ushort)command, 16 + answer.Length, flags, 0, answer));
        ServerBench.Await(() => bench.Card.Violations.Count > 0, "no violation");
        Assert.Equal("dma-failed", bench.Card.Violations.All[0].Rule);
        Assert.Empty(bench.Wire.FromCard);
    }

    [Fact]
    public void MemoryByMessagesThatMayOnlyBeReadIsNotWritten()
    {
        using var bench = new ServerBench();
        var memory = new byte[Length];
        Descriptor().CopyTo(memory, 0);
        bool isWritten = false;
        bench.Client.Memory = (address, data, count) =>
        {
            isWritten |= data is not null;
            return memory.AsSpan((int)(address - Iova), count).ToArray();
        };
        bench.Client.Ask(DmaMap, Map(Iova, Length, Readable));
        Send(bench);
        ServerBench.Await(() => bench.Client.Read(7, 0) != 0 && bench.Card.Violations.Count > 0, "no violation");
        Assert.Equal("dma-failed", bench.Card.Violations.All[0].Rule);
        Assert.False(isWritten);
    }

    // Two thousand commands are queued before the first reply to the card's own, and it waits for only a second.
    [Fact]
    public void CommandsInARowDoNotKeepTheCardFromItsMemory()
    {
        const int Commands = 2000;
        using var bench = new ServerBench();
        var memory = new byte[Length];
        Descriptor().CopyTo(memory, 0);
        Frame().CopyTo(memory, (int)(Buffer - Iova));
        bench.Client.Memory = (address, data, count) =>
        {
            var piece = memory.AsSpan((int)(address - Iova), count);
            data?.CopyTo(piece);
            return piece.ToArray();
        };
        bench.Client.Ask(DmaMap, Map(Iova, Length));
        SetUp(bench.Client);
        bench.Client.SendBytes([.. Command(RegionWrite, Bytes(0x6018ul, 0, 4, 1)),
            .. Enumerable.Repeat(Command(RegionRead, Bytes(0ul, 7, 4)), Commands).SelectMany(command => command)]);
        for (int i = 0; i <= Commands; i++) Assert.Equal(1u, bench.Client.Receive().Flags);
        ServerBench.Await(() => bench.Client.Read(0, 0x6010) == 1, "no frame");
        Assert.Single(bench.Wire.FromCard);
        Assert.Empty(bench.Card.Violations.All);
    }

    // It reads none of the replies to its commands, so the card cannot request its memory.
    [Fact]
    public void AClientThatReadsNothingIsGivenUp()
    {
        using var bench = new ServerBench(negotiate: false);
        bench.Client.Negotiate("{\"capabilities\":{\"ixy_doorbells_only\":true}}");
        int file = bench.Keep(Assert.Single(bench.Client.Ask(GetRegionInfo, Bytes(96, 0, 0, 0, 0ul, 0ul)).Descriptors));
        bench.Client.Ask(DmaMap, Map(Iova, Length));
        SetUp(bench.Client);
        var flood = new Thread(() =>
        {
            for (int i = 0; i < 2000; i++) bench.Client.Send(RegionRead, Bytes(0ul, 7, 4096));
        });
        flood.Start();
        Thread.Sleep(300);
        ServerBench.WriteFile(file, 0x6018, Bytes(1));
        bench.AwaitEnd();
        bench.Client.ShutDown();
        Assert.True(flood.Join(20_000));
    }

    // As with a virtual IOMMU: pages contiguous for the device are anywhere in the client's memory.
    [Theory]
    [InlineData("mapped")]
    [InlineData("read and written")]
    [InlineData("by message")]
    [InlineData("in turn")]
    public void ARingAndAFrameLieAcrossMappings(string kind)
    {
        const int Page = 0x1000, Pages = 8;
        using var bench = new ServerBench();
        int file = bench.Keep(RawClient.MemoryFile(Length, isSealed: true)),
            open = bench.Keep(RawClient.MemoryFile(Length, isSealed: false));
        var memory = new byte[Pages * Page];
        bench.Client.Memory = (address, data, count) =>
        {
            var piece = memory.AsSpan((int)(address - Iova), count);
            data?.CopyTo(piece);
            return piece.ToArray();
        };
        for (int page = 0; page < Pages; page++)
        {
            byte[] map = Map(
                Iova + (ulong)(page * Page), Page, offset: InFile(page) is var offset && Way(page) < 2
                ? (ulong)offset : 0);
            if (Way(page) == 2) bench.Client.Ask(DmaMap, map);
            else bench.Client.Ask(DmaMap, map, Way(page) == 0 ? file : open);
        }
        // Eight descriptors are in the first page, and one is in the second.
        const int Frames = 9;
        const ulong Ring = Iova + Page - 8 * 16, Start = Iova + 3 * Page - 50;
        byte[][] frames = [Frame(), [.. Frame().Reverse()]];
        for (int i = 0; i < Frames; i++) Write(Ring + 16 * (ulong)i, Descriptor(Start + 2 * Page * (ulong)(i % 2)));
        for (int i = 0; i < 2; i++) Write(Start + 2 * Page * (ulong)i, frames[i]);
        SetUp(bench.Client, Ring);
        bench.Client.Write(0, 0x6018, Frames);
        ServerBench.Await(
            () => bench.Client.Read(0, 0x6010) == Frames && bench.Wire.FromCard.Count == Frames, "no frames");
        bench.Client.Read(7, 0);
        Assert.Equal(Enumerable.Range(0, Frames).Select(i => frames[i % 2]), bench.Wire.FromCard);
        ServerBench.Await(
            () => Enumerable.Range(0, Frames).All(i => (Read(Ring + 16 * (ulong)i + 12) & 1) != 0), "no write-back");
        Assert.Empty(bench.Card.Violations.All);

        int Way(int page) => kind switch { "mapped" => 0, "read and written" => 1, "by message" => 2, _ => page % 3 };

        static int InFile(int page) => (page * 5 + 3) % Pages * Page;

        void Write(ulong iova, ReadOnlySpan<byte> bytes)
        {
            for (int i = 0; i < bytes.Length; i++)
            {
                var (page, offset) = Math.DivRem((int)(iova - Iova) + i, Page);
                if (Way(page) == 2) memory[page * Page + offset] = bytes[i];
                else ServerBench.WriteFile(Way(page) == 0 ? file : open, InFile(page) + offset, [bytes[i]]);
            }
        }

        int Read(ulong iova)
        {
            var (page, offset) = Math.DivRem((int)(iova - Iova), Page);
            return Way(page) == 2 ? memory[page * Page + offset]
                : ServerBench.ReadFile(Way(page) == 0 ? file : open, InFile(page) + offset, 1)[0];
        }
    }

    // This puts a card's whole ring behind one pointer, with nothing copied: what the client writes is visible at once.
    [Fact]
    public void MappingsOfAdjacentAddressesAreAdjacent()
    {
        const int Pages = 16;
        using var bench = new ServerBench();
        int file = bench.Keep(RawClient.MemoryFile(Length, isSealed: true));
        bench.Client.Write(7, 4, 6, 2);
        for (int round = 0; round < 2; round++)
        {
            for (int page = 0; page < Pages; page++)
            {
                int other = page * 7 % Pages;
                bench.Client.Ask(
                    DmaMap, Map(Iova + 0x1000 * (ulong)other, 0x1000, offset: 0x1000 * (ulong)(Pages - 1 - other)),
                    file);
            }
            byte* memory = Translate(bench, Iova, Pages * 0x1000);
            for (int page = 0; page < Pages; page++)
            {
                byte value = (byte)(page + 16 * round);
                ServerBench.WriteFile(file, 0x1000 * (Pages - 1 - page) + 5, [value]);
                Assert.Equal(value, memory[0x1000 * page + 5]);
            }
            // One page in the middle is unmapped, and the rest stays where it is.
            bench.Client.Ask(DmaUnmap, Bytes(24, 0, Iova + 0x5000, 0x1000ul));
            Assert.True(Translate(bench, Iova + 0x4000, 0x1001) is null);
            Assert.True(Translate(bench, Iova + 0x6000, 0xA000) == memory + 0x6000);
            bench.Client.Ask(DmaUnmap, Bytes(24, 2, 0ul, 0ul));
        }
    }

    // Two addresses a TiB apart compete for the same place, so the later mapping goes elsewhere.
    [Fact]
    public void AMappingWhosePlaceIsTakenIsElsewhere()
    {
        const ulong Away = 1ul << 40;
        using var bench = new ServerBench();
        int file = bench.Keep(RawClient.MemoryFile(Length, isSealed: true));
        bench.Client.Write(7, 4, 6, 2);
        bench.Client.Ask(DmaMap, Map(Iova, 0x1000), file);
        bench.Client.Ask(DmaMap, Map(Iova + Away, 0x1000, offset: 0x2000), file);
        ServerBench.WriteFile(file, 0, [1]);
        ServerBench.WriteFile(file, 0x2000, [2]);
        byte* one = Translate(bench, Iova, 0x1000), other = Translate(bench, Iova + Away, 0x1000);
        Assert.Equal((1, 2), (*one, *other));
        bench.Client.Ask(DmaUnmap, Bytes(24, 0, Iova, 0x1000ul));
        Assert.Equal(2, *other);
        bench.Client.Ask(DmaMap, Map(Iova, 0x1000), file);
        Assert.True(Translate(bench, Iova, 0x1000) == one);
    }

    [Fact]
    public void MemoryThatMayOnlyBeReadIsNotWritten()
    {
        using var bench = new ServerBench();
        int file = bench.Keep(RawClient.MemoryFile(Length, isSealed: true));
        bench.Client.Ask(DmaMap, Map(Iova, Length, Readable), file);
        ServerBench.WriteFile(file, 0, Descriptor());
        ServerBench.WriteFile(file, (long)(Buffer - Iova), Frame());
        Send(bench);
        ServerBench.Await(() => bench.Card.Violations.Count > 0, "no violation");
        Assert.Equal("dma-failed", bench.Card.Violations.All[0].Rule);
        Assert.Equal(Descriptor(), ServerBench.ReadFile(file, 0, 16));
    }

    // Behind an IOMMU, Linux maps each frame it sends this way, and unmaps it whenever it likes.
    [Fact]
    public void MemoryThatMayOnlyBeReadIsHadInManyPieces()
    {
        const int Pieces = 600;
        const ulong Sent = Iova + 0x10_0000;
        using var bench = new ServerBench();
        int file = bench.Keep(RawClient.MemoryFile(Length, isSealed: true));
        bench.Client.Ask(DmaMap, Map(Iova, 0x1000), file);
        for (ulong i = 0; i < Pieces; i++)
            bench.Client.Ask(DmaMap, Map(Sent + 0x1000 * i, 0x1000, Readable, 0x2000), file);
        ServerBench.WriteFile(file, 0, Descriptor(Sent + 0x1000 * (Pieces - 1) + 0x80));
        ServerBench.WriteFile(file, 0x2080, Frame());
        Send(bench);
        Assert.Equal(Frame(), bench.Wire.FromCard[0]);
        Assert.Empty(bench.Card.Violations.All);
    }

    [Fact]
    public void AFileThatIsCutOffIsNoEndOfTheProcess()
    {
        using var bench = new ServerBench();
        int file = bench.Keep(RawClient.MemoryFile(Length, isSealed: false));
        bench.Client.Ask(DmaMap, Map(Iova, Length), file);
        ServerBench.WriteFile(file, 0, Descriptor());
        SetUp(bench.Client);
        Assert.Equal(0, Libc.ftruncate(file, 0));
        bench.Client.Write(0, 0x6018, 1);
        ServerBench.Await(() => bench.Card.Violations.Count > 0, "no violation");
        Assert.Equal("dma-failed", bench.Card.Violations.All[0].Rule);
        Assert.Equal(0, Libc.lseek(file, 0, Libc.SEEK_END));
    }

    [Fact]
    public void AFileThatIsCutOffDoesNotGrowAgainByAWrite()
    {
        int file = RawClient.MemoryFile(Length, isSealed: false);
        using var memory = new FileMemory(file, 0x1000, isWritable: true);
        Assert.True(memory.TryWrite(0x800, [1, 2, 3]));
        Assert.Equal([1, 2, 3], ServerBench.ReadFile(file, 0x1800, 3));
        Assert.Equal(0, Libc.ftruncate(file, 0x1802));
        Assert.False(memory.TryWrite(0x800, [4, 5, 6]));
        Assert.Equal(0x1802, Libc.lseek(file, 0, Libc.SEEK_END));
    }

    [Fact]
    public void AnUnmapTakesTheMemoryFromTheCardAtOnce()
    {
        using var bench = new ServerBench();
        int file = bench.Keep(RawClient.MemoryFile(Length, isSealed: true));
        bench.Client.Ask(DmaMap, Map(Iova, Length), file);
        SetUp(bench.Client);
        bench.Client.Ask(DmaUnmap, Bytes(24, 0, Iova, (ulong)Length));
        bench.Client.Write(0, 0x6018, 1);
        ServerBench.Await(() => bench.Card.Violations.Count > 0, "no violation");
        Assert.Equal("dma-outside-mapping", bench.Card.Violations.All[0].Rule);
    }

    [Fact]
    public void FilesThatMayShrinkAreLimitedInNumber()
    {
        using var bench = new ServerBench();
        int file = bench.Keep(RawClient.MemoryFile(Length, isSealed: false));
        for (int i = 0; i < 256; i++) bench.Client.Ask(DmaMap, Map(Iova + 0x1000 * (ulong)i, 0x1000), file);
        bench.Client.Refused(28, DmaMap, Map(0x1000, 0x1000), file);
        bench.Client.Ask(DmaUnmap, Bytes(24, 0, Iova, 0x1000ul));
        bench.Client.Ask(DmaMap, Map(0x1000, 0x1000), file);
    }

    private static byte* Translate(ServerBench bench, ulong iova, uint length)
    {
        DeviceThread.Enter();
        try
        {
            byte* memory = bench.Card.Dma.Translate(iova, length, "a look of the test");
            bench.Card.Dma.EndTurn();
            return memory;
        }
        finally
        {
            DeviceThread.Leave();
        }
    }

    private static byte[] Command(int command, byte[] payload) =>
        Bytes((ushort)1, (ushort)command, 16 + payload.Length, 0, 0, payload);

    private static byte[] Map(ulong address, ulong size, int flags = All, ulong offset = 0) =>
        Bytes(32, flags, offset, address, size);

    private static byte[] Frame()
    {
        var frame = new byte[100];
        for (int i = 0; i < frame.Length; i++) frame[i] = (byte)(i * 7 + 2);
        return frame;
    }

    // An advanced data descriptor: end of packet, insert FCS, report status; 100 bytes of payload (7.2.3.2.4).
    private static byte[] Descriptor(ulong buffer = Buffer)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, buffer);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), 1u << 29 | 3u << 20 | 0xBu << 24 | 100);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), 100 << 14);
        return bytes;
    }

    private static void Send(ServerBench bench, ulong ring = Iova)
    {
        SetUp(bench.Client, ring);
        bench.Client.Write(0, 0x6018, 1);
        // Waiting for a reply also answers the card's own commands.
        ServerBench.Await(() => bench.Client.Read(0, 0x6010) == 1 && bench.Wire.FromCard.Count == 1, "no frame");
        bench.Client.Read(7, 0);
    }

    // 4.6.8, for queue 0: link, ring, transmit unit, queue.
    private static void SetUp(RawClient client, ulong ring = Iova)
    {
        client.Write(7, 4, 6, 2);
        client.Write(0, 0x4240, 0xC01); // HLREG0: add FCS, padding
        client.Write(0, 0x4900, client.Read(0, 0x4900) | 0x40); // RTTDCS: arbiter off
        client.Write(0, 0x8100, 0xFFF); // DTXMXSZRQ
        client.Write(0, 0x4950, 160 - 16); // TXPBTHRESH
        client.Write(0, 0x4900, client.Read(0, 0x4900) & ~0x40u);
        client.Write(0, 0x42A0, client.Read(0, 0x42A0) & ~0xE000u | 3u << 13 | 1u << 12); // AUTOC: 10G serial, restart
        ServerBench.Await(() => (client.Read(0, 0x42A4) & 1u << 30) != 0, "no link"); // LINKS
        client.Write(0, 0x6000, unchecked((uint)ring));
        client.Write(0, 0x6004, (uint)(ring >> 32));
        client.Write(0, 0x6008, 128 * 16);
        client.Write(0, 0x4A80, client.Read(0, 0x4A80) | 1); // DMATXCTL
        client.Write(0, 0x6028, 1u << 25); // TXDCTL
    }
}
