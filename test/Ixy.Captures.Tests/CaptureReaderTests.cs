using static Ixy.Testing.CaptureBuilder;

namespace Ixy.Captures.Tests;

public sealed class CaptureReaderTests
{
    private static readonly byte[][] s_frames = [Frame(60, 1), Frame(61, 2), Frame(1514, 3), Frame(14, 4)];

    [Theory]
    [InlineData(0xA1B2C3D4, true)] // µs
    [InlineData(0xA1B2C3D4, false)]
    [InlineData(0xA1B23C4D, true)] // ns
    [InlineData(0xA1B23C4D, false)]
    public void PcapIsReadInBothByteOrders(uint magic, bool bigEndian)
    {
        var file = new CaptureBuilder(bigEndian).PcapHeader(magic);
        foreach (byte[] frame in s_frames) file.PcapPacket(frame);
        Assert.Equal(s_frames, Read(file.Bytes));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void PcapngIsReadInBothByteOrders(bool bigEndian)
    {
        var file = new CaptureBuilder(bigEndian).Section().Interface().Interface()
            .Enhanced(s_frames[0], interfaceId: 1)
            .Block(0x0BAD, body => body.Word(7)) // an unknown block is skipped
            .Simple(s_frames[1])
            .Enhanced(s_frames[2])
            .Obsolete(s_frames[3], interfaceId: 1);
        Assert.Equal(s_frames, Read(file.Bytes));
    }

    [Theory]
    [InlineData(0xA1B2C3D4, true, 1_700_000_000_123_456_000)]
    [InlineData(0xA1B2C3D4, false, 1_700_000_000_123_456_000)]
    [InlineData(0xA1B23C4D, true, 1_700_000_000_000_123_456)]
    [InlineData(0xA1B23C4D, false, 1_700_000_000_000_123_456)]
    public void TimesOfPcapAreReadInBothUnits(uint magic, bool bigEndian, long expected) =>
        Assert.Equal([(0, expected)], Times(new CaptureBuilder(bigEndian).PcapHeader(magic).PcapPacket(s_frames[0])));

    // The builder's packets have 0x60000 in the high half of the time and 1 in the low one.
    [Theory]
    [InlineData(null, 0, 1_688_849_860_263_937_000)] // microseconds, if the option is missing
    [InlineData((byte)6, 0, 1_688_849_860_263_937_000)]
    [InlineData((byte)9, 0, 1_688_849_860_263_937)]
    [InlineData((byte)9, -5, 1_688_844_860_263_937)]
    [InlineData((byte)6, 1000, 1_688_850_860_263_937_000)]
    [InlineData((byte)12, 0, 1_688_849_860_263)]
    [InlineData((byte)19, 0, 168_884)]
    [InlineData((byte)(0x80 | 30), 0, 1_572_864_000_000_000)]
    [InlineData((byte)(0x80 | 63), 0, 183_105)]
    public void TimesOfPcapngAreReadInEveryResolution(byte? resolution, long offset, long expected)
    {
        foreach (bool bigEndian in new[] { true, false })
        {
            var file = new CaptureBuilder(bigEndian).Section().Interface()
                .Interface(resolution: resolution, offset: offset).Enhanced(s_frames[0], 1);
            Assert.Equal([(1, expected)], Times(file));
        }
    }

    [Fact]
    public void APacketWithoutATimeHasTheOneBefore() => Assert.Equal(
        [(0, 0), (1, 1_688_849_860_263_937_000), (0, 1_688_849_860_263_937_000)],
        Times(new CaptureBuilder(false).Section().Interface().Interface().Simple(s_frames[0]).Enhanced(s_frames[1], 1)
            .Simple(s_frames[0])));

    [Fact]
    public void ALengthThatIsALieTakesNoMemory()
    {
        byte[] file = new CaptureBuilder(false).Section().Interface().Word(6).Word(16 << 20).Add(new byte[1000]).Bytes;
        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<CaptureFormatException>(() => Read(file));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
        Assert.Contains("16777208 bytes were to follow, there are 1000", error.Message);
        Assert.Equal(file.Length - 1000, error.Offset);
    }

    [Fact]
    public void EverySectionHasItsOwnByteOrderAndInterfaces()
    {
        byte[] first = new CaptureBuilder(bigEndian: true).Section().Interface(linkType: 113).Interface()
            .Enhanced(s_frames[0], 1).Bytes;
        byte[] second = new CaptureBuilder(bigEndian: false).Section().Interface().Enhanced(s_frames[1]).Bytes;
        Assert.Equal(s_frames[..2], Read([.. first, .. second]));
        byte[] withoutInterface = new CaptureBuilder(bigEndian: false).Section().Enhanced(s_frames[1]).Bytes;
        Assert.Contains("interface 0", Refused([.. first, .. withoutInterface]));
    }

    [Fact]
    public void ASimplePacketIsAsLongAsTheSnapshot()
    {
        var file = new CaptureBuilder(bigEndian: false).Section().Interface(snapshotLength: 60)
            .Simple(Frame(60, 1), originalLength: 100);
        Assert.Contains("cut to 60 of 100 bytes", Refused(file.Bytes));
    }

    [Fact]
    public void AFrameCheckSequenceIsTakenOff()
    {
        byte[] withFcs = Frame(64, 1);
        Assert.Equal(
            [withFcs[..60]], Read(new CaptureBuilder(false).Section().Interface(fcsLength: 4).Enhanced(withFcs).Bytes));
        Assert.Equal(
            [withFcs[..60]],
            Read(new CaptureBuilder(true).PcapHeader(linkType: 0x2400_0001).PcapPacket(withFcs).Bytes));
    }

    [Fact]
    public void AFileWithoutFramesHasNone()
    {
        Assert.Empty(Read(new CaptureBuilder(false).PcapHeader().Bytes));
        Assert.Empty(Read(new CaptureBuilder(false).Section().Bytes));
    }

    public static TheoryData<string, byte[]> DamagedFiles => new()
    {
        { "the file is empty", [] },
        { "ends in the middle", [0x0A, 0x0D] },
        { "neither pcap nor pcapng", [1, 2, 3, 4, 5, 6, 7, 8] },
        { "gunzip", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0] },
        { "pcap version 1.7", new CaptureBuilder(false).Word(0xA1B2C3D4).Halves(1, 7).Word(0).Word(0).Word(0).Word(1)
            .Bytes },
        { "ends in the middle", new CaptureBuilder(false).PcapHeader().Bytes[..20] },
        { "ends in the middle", new CaptureBuilder(false).PcapHeader().PcapPacket(Frame(60, 1)).Bytes[..^1] },
        { "ends in the middle", new CaptureBuilder(false).PcapHeader().PcapPacket(Frame(60, 1)).Bytes[..30] },
        { "link type 113", new CaptureBuilder(false).PcapHeader(linkType: 113).PcapPacket(Frame(60, 1)).Bytes },
        { "cut to 60 of 61 bytes", new CaptureBuilder(true).PcapHeader().PcapPacket(Frame(60, 1), originalLength: 61)
            .Bytes },
        { "frame 1 is said to have 6 bytes, not 0 or 4",
            new CaptureBuilder(true).PcapHeader(linkType: 0x3400_0001).PcapPacket(Frame(64, 1)).Bytes },
        { "frame 1 is said to have 16 bytes, not 0 or 4",
            new CaptureBuilder(true).Section().Interface(fcsLength: 16).Enhanced(Frame(64, 1)).Bytes },
        { "frame 1 is said to have 15 bytes, not 0 or 4",
            new CaptureBuilder(false).Section().Interface()
            .Enhanced(Frame(64, 1), options: body => body.Option(2, 15u << 5)).Bytes },
        { "the flags of frame 1 have 3 bytes: expected 4",
            new CaptureBuilder(false).Section().Interface()
            .Enhanced(Frame(64, 1), options: body => body.Option(2, [1, 2, 3])).Bytes },
        { "no room for 8 bytes", new CaptureBuilder(false).Section().Interface()
            .Enhanced(Frame(64, 1), options: body => body.Halves(1, 8).Word(0)).Bytes },
        { "0x04010001: expected 0 in bits 16 to 25 and 27",
            new CaptureBuilder(false).PcapHeader(linkType: 0x0401_0001).Bytes },
        { "0x08000001: expected 0 in bits 16 to 25 and 27",
            new CaptureBuilder(true).PcapHeader(linkType: 0x0800_0001).Bytes },
        { "pcap version 2.5: expected 2.0 to 2.4", new CaptureBuilder(true).PcapHeader(minor: 5).Bytes },
        { "pcap version 543.1", new CaptureBuilder(true).PcapHeader(major: 543, minor: 1).Bytes },
        { "frame 1 has 262145 bytes: at most 262144",
            new CaptureBuilder(true).Section().Interface().Enhanced(new byte[262_145]).Bytes },
        { "4294967295 bytes", new CaptureBuilder(true).PcapHeader().Word(0).Word(0).Word(uint.MaxValue)
            .Word(uint.MaxValue).Bytes },
        { "byte-order magic", new CaptureBuilder(false).Word(0x0A0D0D0A).Word(28).Word(0x1A2B3C4E).Halves(1, 0).Word(0)
            .Word(0).Word(28).Bytes },
        { "pcapng version 2", new CaptureBuilder(false)
            .Block(0x0A0D0D0A, body => body.Word(0x1A2B3C4D).Halves(2, 0).Word(0).Word(0)).Bytes },
        { "a block of 13 bytes", new CaptureBuilder(false).Section().Word(6).Word(13).Add(new byte[13]).Bytes },
        { "a block of 8 bytes", new CaptureBuilder(false).Section().Word(6).Word(8).Bytes },
        { "a block of 2147483648 bytes", new CaptureBuilder(false).Section().Word(6).Word(1u << 31).Bytes },
        { "starts with length 16 and ends with 20",
            new CaptureBuilder(false).Section().Word(0x0BAD).Word(16).Word(0).Word(20).Bytes },
        { "ends in the middle", new CaptureBuilder(false).Section().Interface().Enhanced(Frame(60, 1)).Bytes[..^4] },
        { "no room for 61 bytes", new CaptureBuilder(false).Section().Interface()
            .Block(6, body => body.Word(0).Word(0).Word(0).Word(61).Word(61).Add(Frame(60, 1))).Bytes },
        { "no room for 4 bytes", new CaptureBuilder(false).Section().Interface().Block(6, body => body.Word(0)).Bytes },
        { "interface 1, and 1 are described", new CaptureBuilder(false).Section().Interface()
            .Enhanced(Frame(60, 1), interfaceId: 1).Bytes },
        { "interface 0, and 0 are described", new CaptureBuilder(false).Section().Simple(Frame(60, 1)).Bytes },
        { "no room for 9 bytes", new CaptureBuilder(false).Section()
            .Block(1, body => body.Halves(1, 0).Word(0).Halves(13, 9).Word(0)).Bytes },
        { "if_tsresol is 0x14", new CaptureBuilder(false).Section().Interface(resolution: 20).Bytes },
        { "if_tsresol is 0xc0", new CaptureBuilder(false).Section().Interface(resolution: 0xC0).Bytes },
        { "if_tsresol is 0x7f", new CaptureBuilder(false).Section().Interface(resolution: 0x7F).Bytes },
        { "if_tsoffset has 4 bytes: expected 8",
            new CaptureBuilder(false).Section().Block(1, body => body.Halves(1, 0).Word(0).Halves(14, 4).Word(0))
            .Bytes },
        { "beyond the years 1677 to 2262", new CaptureBuilder(false).Section().Interface(resolution: 0)
            .Enhanced(Frame(60, 1)).Bytes },
        { "no room for 8 bytes", new CaptureBuilder(false).Section().Block(1, body => body.Halves(1, 0)).Bytes },
        { "if_fcslen has 4 bytes: expected 1", new CaptureBuilder(false).Section()
            .Block(1, body => body.Halves(1, 0).Word(0).Halves(13, 4).Word(0)).Bytes },
    };

    [Theory]
    [MemberData(nameof(DamagedFiles))]
    public void DamageIsNamed(string expected, byte[] file) => Assert.Contains(expected, Refused(file));

    [Fact]
    public void NoFileHarmsTheReader() =>
        Property.Holds<(bool BigEndian, bool Pcapng, (ushort At, byte Value)[] Changes, ushort Cut)>(value =>
    {
        var builder = new CaptureBuilder(value.BigEndian);
        if (value.Pcapng)
        {
            builder.Section().Interface(fcsLength: 4, resolution: 9, offset: 1).Enhanced(s_frames[0])
                .Simple(s_frames[1]);
            builder.Interface().Enhanced(s_frames[0], 1);
        }
        else builder.PcapHeader().PcapPacket(s_frames[0]).PcapPacket(s_frames[1]).PcapPacket(s_frames[3]);
        byte[] file = builder.Bytes;
        foreach (var (at, change) in value.Changes.Take(4)) file[at % file.Length] = change;
        if (value.Cut % 2 == 0) file = file[..(value.Cut % file.Length)];
        try
        {
            Assert.InRange(Read(file).Count, 0, 3);
        }
        catch (CaptureFormatException error)
        {
            Assert.StartsWith("test: ", error.Message); // any other exception fails the test
        }
    }, tests: 5000);

    [Fact]
    public void WhatIsWrittenIsReadBack() => Property.Holds<ushort[]>(lengths =>
    {
        byte[][] frames = [.. lengths.Select((length, i) => Frame(60 + length % (15_996 - 60 + 1), (byte)i))];
        using var stream = new MemoryStream();
        using (var writer = new PcapngWriter(stream))
        {
            foreach (byte[] frame in frames) writer.Write(frame, 0);
        }
        Assert.Equal(frames, Read(stream.ToArray()));
    }, tests: 100);

    [Fact]
    public void NothingOfEarlierFramesGetsIntoTheFile()
    {
        using var stream = new MemoryStream();
        using (var writer = new PcapngWriter(stream))
        {
            byte[] filler = [.. Enumerable.Repeat((byte)0xFF, 8192)];
            for (int i = 0; i < 300; i++) writer.Write(filler, 0); // the buffer is used more than once
            writer.Write(Frame(61, 1), 0);
        }
        Assert.Equal(new byte[3], stream.ToArray()[^7..^4]); // padding to a full word, before the block's length
    }

    [SkippableFact]
    public void TsharkReadsWhatIsWritten()
    {
        Tool.SkipWithoutTshark();
        using var file = new TemporaryFile();
        using (var writer = PcapngWriter.Create(file.Path))
        {
            writer.Write(Frame(60, 1), 1_700_000_000_123_456_789);
            writer.Write(Frame(9000, 2), 1_700_000_001_000_000_001);
            writer.Write(Frame(15_996, 3), 1_700_000_001_000_000_002);
        }
        string found = Tool.Run("tshark", "-r", file.Path, "-T", "fields",
            "-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.cap_len", "-e", "frame.encap_type");
        Assert.Equal("""
            1700000000.123456789	60	60	1
            1700000001.000000001	9000	9000	1
            1700000001.000000002	15996	15996	1

            """, found);
        string data = Tool.Run("tshark", "-r", file.Path, "-Y", "frame.number == 1", "-x");
        Assert.Contains(string.Join(' ', Frame(60, 1)[..16].Select(value => $"{value:x2}")), data);
    }

    private static List<byte[]> Read(byte[] file)
    {
        using var reader = CaptureReader.Open(new MemoryStream(file), "test");
        var frames = new List<byte[]>();
        while (reader.Read(out var frame)) frames.Add(frame.ToArray());
        Assert.Equal(frames.Count, reader.FrameNumber);
        return frames;
    }

    private static List<(int Interface, long Time)> Times(CaptureBuilder file) =>
        [.. CaptureFileTests.Read(file.Bytes).Select(frame => (frame.Interface, frame.Time))];

    private static string Refused(byte[] file) => Assert.Throws<CaptureFormatException>(() => Read(file)).Message;
}
