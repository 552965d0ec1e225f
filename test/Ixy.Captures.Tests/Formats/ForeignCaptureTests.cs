namespace Ixy.Captures.Tests.Formats;

/// <summary>
/// Captures as other programs write them: with an FCS, with inconsistent lengths, and in older formats.
/// </summary>
public sealed class ForeignCaptureTests
{
    private const ushort Flags = 2;
    private static readonly byte[] s_frame = CaptureBuilder.Frame(60, 1), s_withFcs = [.. s_frame, 1, 2, 3, 4];

    // What the interface says, what bits 5 to 8 of the packet's flags say (null: no flags), and the correct length.
    [Theory]
    [InlineData((byte)0, null, 64)]
    [InlineData((byte)4, null, 60)]
    [InlineData((byte)32, null, 60)] // in bits, as in the draft's text
    [InlineData((byte)0, 4u, 60)]
    [InlineData((byte)0, 0u, 64)]
    [InlineData((byte)4, 0u, 60)] // 0 means unknown
    [InlineData((byte)32, 4u, 60)]
    [InlineData((byte)8, 4u, 60)] // the packet's flags take precedence
    public void TheFcsIsTakenOffAsThePacketSaysOrItsInterface(byte ofInterface, uint? ofPacket, int expected)
    {
        foreach (bool bigEndian in new[] { true, false })
        {
            var start = new CaptureBuilder(bigEndian).Section().Interface(fcsLength: ofInterface);
            start.Enhanced(s_withFcs, options: WithFlags(ofPacket));
            start.Obsolete(s_withFcs, options: WithFlags(ofPacket));
            if (ofPacket is null) start.Simple(s_withFcs);
            Assert.All(Read(start), frame => Assert.Equal(s_withFcs[..expected], frame));
        }
    }

    // Comments of odd lengths, unknown options, with and without an end option, and all other flag bits set.
    [Fact]
    public void FlagsAreFoundAmongOtherOptions()
    {
        const uint other = 0xFFFF_FE1F;
        var file = new CaptureBuilder(true).Section().Interface(fcsLength: 4)
            .Enhanced(s_withFcs, options: body => body.Option(1, "odd"u8).Option(0x8001, "fives"u8)
                .Option(Flags, other | 4 << 5))
            .Enhanced(s_withFcs, options: body => body.Option(Flags, other | 4 << 5).Option(1, []).Halves(0, 0))
            .Enhanced(s_withFcs, options: body => body.Halves(0, 0).Option(Flags, 15 << 5)) // no options after the end
            .Enhanced(s_withFcs, options: body => body.Option(Flags, other))
            .Enhanced([.. s_withFcs, 5], options: body => body.Option(Flags, 4 << 5)); // a frame of an odd length
        Assert.Equal([s_frame, s_frame, s_frame, s_frame, [.. s_frame, 1]], Read(file));
    }

    [Theory]
    [InlineData(0x0000_0001u, 64)]
    [InlineData(0x2000_0001u, 64)] // a length without the bit that says it is present
    [InlineData(0x0400_0001u, 64)]
    [InlineData(0x2400_0001u, 60)]
    public void TheLinkTypeFieldOfAnOlderFileHasTheFcs(uint linkType, int expected) =>
        Assert.Equal(
            [s_withFcs[..expected]],
            Read(new CaptureBuilder(true).PcapHeader(linkType: linkType).PcapPacket(s_withFcs)));

    [Theory]
    [InlineData(60, 56, 0, 56)]
    [InlineData(60, 0, 0, 60)] // a length of 0 counts as missing
    [InlineData(0, 0, 0, 0)]
    [InlineData(64, 60, 4, 60)] // the original length excludes the FCS
    [InlineData(64, 64, 4, 60)]
    [InlineData(60, 64, 4, 60)] // only the FCS was cut off
    [InlineData(62, 64, 4, 60)]
    [InlineData(3, 3, 4, 0)]
    public void MoreThanTheFrameHadIsNotTheFrame(int captured, int original, byte fcs, int expected)
    {
        byte[] bytes = s_withFcs[..captured];
        uint linkType = fcs == 0 ? 1u : 0x2400_0001;
        CaptureBuilder[] files =
        [
            new CaptureBuilder(false).PcapHeader(linkType: linkType).PcapPacket(bytes, original),
            new CaptureBuilder(false).Section().Interface(fcsLength: fcs).Enhanced(bytes, originalLength: original),
            new CaptureBuilder(false).Section().Interface(fcsLength: fcs).Obsolete(bytes, originalLength: original),
        ];
        Assert.All(files, file => Assert.Equal([s_withFcs[..expected]], Read(file)));
    }

    [Fact]
    public void CutFramesAreFilledWithZeroesIfThatIsWanted()
    {
        var file = new CaptureBuilder(false).Section().Interface(snapshotLength: 20).Interface(fcsLength: 4)
            .Enhanced(s_frame[..14], originalLength: 1514)
            .Enhanced(s_frame, interfaceId: 1, originalLength: 99)
            .Simple(s_frame[..20], originalLength: 60)
            .Enhanced(s_frame)
            .Enhanced([], originalLength: 14);
        using var reader = CaptureReader.Open(new MemoryStream(file.Bytes), "test");
        reader.FillsCutFrames = true;
        byte[][] expected =
        [
            [.. s_frame[..14], .. new byte[1500]], [.. s_frame, .. new byte[35]], [.. s_frame[..20], .. new byte[40]],
            s_frame, new byte[14],
        ];
        foreach (byte[] frame in expected)
        {
            Assert.True(reader.Read(out var found));
            Assert.Equal(frame, found.ToArray());
            Assert.Equal(frame != s_frame, reader.IsFilled);
        }
        Assert.False(reader.Read(out _));
    }

    [Fact]
    public void ALengthThatIsALieIsNotFilledUp()
    {
        var file = new CaptureBuilder(false).PcapHeader().PcapPacket(s_frame, originalLength: -1);
        using var reader = CaptureReader.Open(new MemoryStream(file.Bytes), "test");
        reader.FillsCutFrames = true;
        var error = Assert.Throws<CaptureFormatException>(() => reader.Read(out _));
        Assert.Contains("frame 1 has 4294967295 bytes: at most 262144 are possible", error.Message);
    }

    [Fact]
    public void WithoutThatTheCureIsNamed()
    {
        var file = new CaptureBuilder(false).PcapHeader().PcapPacket(s_frame, originalLength: 61);
        Assert.Contains("'ixy replay --pad'", Assert.Throws<CaptureFormatException>(() => Read(file)).Message);
    }

    // The lengths in the order in which the file has them.
    [Theory]
    [InlineData(2, 0, 100, 60)]
    [InlineData(2, 2, 100, 60)]
    [InlineData(2, 3, 100, 60)] // claims 2.3, but has them in the older order
    [InlineData(2, 3, 60, 100)]
    [InlineData(2, 4, 60, 100)]
    [InlineData(543, 0, 100, 60)] // DG/UX
    public void TheOrderOfLengthsIsTheVersions(ushort major, ushort minor, uint first, uint second)
    {
        foreach (bool bigEndian in new[] { true, false })
        {
            var file = new CaptureBuilder(bigEndian).PcapHeader(major: major, minor: minor)
                .Word(1).Word(0).Word(first).Word(second).Add(s_frame)
                .Word(1).Word(0).Word(60).Word(60).Add(s_frame);
            using var reader = CaptureReader.Open(new MemoryStream(file.Bytes), "test");
            reader.FillsCutFrames = true;
            Assert.True(reader.Read(out var frame));
            Assert.Equal([.. s_frame, .. new byte[40]], frame.ToArray());
            Assert.True(reader.Read(out frame));
            Assert.Equal(s_frame, frame.ToArray());
            Assert.False(reader.Read(out _));
        }
    }

    // Kuznetsov's patches add an interface number, a type and a kind; one of them adds another word.
    [Theory]
    [InlineData(24, true)]
    [InlineData(24, false)]
    [InlineData(28, true)]
    [InlineData(28, false)]
    public void ModifiedPcapIsRead(int header, bool bigEndian)
    {
        var file = new CaptureBuilder(bigEndian).PcapHeader(0xA1B2CD34);
        byte[] extra = header == 24 ? [] : [0xEE, 0xEE, 0xEE, 0xEE];
        byte[][] frames = [s_frame, CaptureBuilder.Frame(14, 2), CaptureBuilder.Frame(1514, 3), []];
        foreach (byte[] frame in frames)
        {
            ushort type = frame.Length == 0 ? (ushort)0 : (ushort)(frame[12] << 8 | frame[13]);
            file.Word(1_700_000_000).Word(123_456).Word((uint)frame.Length).Word((uint)frame.Length);
            file.Word(3);
            // The type is 16 bits in the file's byte order; after it come a byte and padding, or two more bytes.
            if (bigEndian) file.Halves(type, 0x04EE);
            else file.Halves(type, 0xEE04);
            file.Add(extra).Add(frame);
        }
        Assert.Equal(frames, Read(file));
        Assert.All(CaptureFileTests.Read(file.Bytes), frame => Assert.Equal(1_700_000_000_123_456_000, frame.Time));
    }

    [Theory]
    [InlineData(0x1C0001AC, 1_700_000_000_000_123_456)] // from hardware
    [InlineData(0x1C0001AB, 1_700_000_000_123_456_000)] // from software
    public void IxiasPcapIsRead(uint magic, long time)
    {
        foreach (bool bigEndian in new[] { true, false })
        {
            var file = new CaptureBuilder(bigEndian).PcapHeader(magic).Word(76).PcapPacket(s_frame);
            Assert.Equal([s_frame], Read(file));
            Assert.Equal(time, CaptureFileTests.Read(file.Bytes).Single().Time);
        }
    }

    // What Wireshark makes of the same files. It does not strip the FCS, so lengths are as captured.
    [SkippableFact]
    public void TsharkReadsTheOlderKindsAsWeDo()
    {
        Tool.SkipWithoutTshark();
        byte[] typed = [.. s_frame];
        (typed[12], typed[13]) = (0x88, 0xB5);
        CaptureBuilder[] files =
        [
            new CaptureBuilder(false).PcapHeader(minor: 2).Word(1_700_000_000).Word(123_456).Word(100).Word(60)
            .Add(typed),
            new CaptureBuilder(true).PcapHeader(minor: 3).Word(1_700_000_000).Word(123_456).Word(100).Word(60)
            .Add(typed),
            new CaptureBuilder(false).PcapHeader(0xA1B2CD34).Word(1_700_000_000).Word(123_456).Word(60).Word(100)
            .Word(1).Halves(0x88B5, 0).Add(typed),
            new CaptureBuilder(true).PcapHeader(0xA1B2CD34).Word(1_700_000_000).Word(123_456).Word(60).Word(100).Word(1)
            .Halves(0x88B5, 0).Word(0).Add(typed),
        ];
        using var file = new TemporaryFile();
        foreach (byte[] bytes in files.Select(file => file.Bytes))
        {
            File.WriteAllBytes(file.Path, bytes);
            string found = Tool.Run("tshark", "-r", file.Path, "-T", "fields",
                "-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.cap_len", "-e", "eth.type");
            Assert.Equal("1700000000.123456000\t100\t60\t0x88b5\n", found);
            using var reader = CaptureReader.Open(file.Path);
            reader.FillsCutFrames = true;
            Assert.True(reader.Read(out var frame));
            Assert.Equal([.. typed, .. new byte[40]], frame.ToArray());
            Assert.Equal(1_700_000_000_123_456_000, reader.Time);
        }
    }

    private static Action<CaptureBuilder>? WithFlags(uint? fcsLength) =>
        fcsLength is { } length ? body => body.Option(Flags, length << 5).Halves(0, 0) : null;

    private static List<byte[]> Read(CaptureBuilder file) =>
        [.. CaptureFileTests.Read(file.Bytes).Select(frame => frame.Frame)];
}
