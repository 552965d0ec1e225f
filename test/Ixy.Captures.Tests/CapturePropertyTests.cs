using System.Numerics;
using InterfaceChoice = (byte Resolution, int Offset, byte Fcs, byte Options);
using PacketChoice = (byte Kind, byte Interface, byte Lengths, ushort Length, uint High, uint Low, byte Options);
using SectionChoice = (
    bool BigEndian,
    (byte Resolution, int Offset, byte Fcs, byte Options)[] Interfaces,
    (byte Kind, byte Interface, byte Lengths, ushort Length, uint High, uint Low, byte Options)[] Packets);

namespace Ixy.Captures.Tests;

/// <summary>
/// Captures of every legal form, written by hand from FsCheck's choices and read back. The expected values are computed
/// separately, with integers of any size.
/// </summary>
public sealed class CapturePropertyTests
{
    [Fact]
    public void EveryPcapngIsReadBack() => Property.Holds<SectionChoice[]>(sections =>
    {
        var written = new WrittenPcapng(sections);
        Assert.Equal(written.Expected, Read(written.Bytes), Same);
    }, tests: 1500);

    [Fact]
    public void EveryPcapIsReadBack() =>
        Property.Holds<(bool BigEndian, byte Kind, byte Fcs, PacketChoice[] Packets)>(choice =>
    {
        var written = new WrittenPcap(choice.BigEndian, choice.Kind, choice.Fcs, choice.Packets);
        Assert.Equal(written.Expected, Read(written.Bytes), Same);
    }, tests: 1500);

    /// <summary>
    /// Wireshark reads the same kind of files, so they are legal, and it finds the same times and lengths.
    /// </summary>
    [SkippableFact]
    public void TsharkReadsThemToo()
    {
        Tool.SkipWithoutTshark();
        using var file = new TemporaryFile();
        var random = new Random(1);
        for (int i = 0; i < 8; i++)
        {
            // Wireshark supports neither times before 1970 nor resolutions finer than a nanosecond.
            var written = new WrittenPcapng([.. Enumerable.Range(0, 3).Select(_ => Choose(random))]);
            File.WriteAllBytes(file.Path, written.Bytes);
            // Custom blocks are shown as well, but without a time; hence the filter.
            string[] lines = Tool.Run("tshark", "-r", file.Path, "-Y", "frame.time_epoch",
                "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.cap_len").Split('\n')[..^1];
            Assert.Equal(
                written.Timed.Select(
                    frame => $"{frame.Time / 1_000_000_000}.{frame.Time % 1_000_000_000:d9}\t{frame.Captured}"), lines);
        }
    }

    private static SectionChoice Choose(Random random) => (
        random.Next(2) == 0,
        [.. Enumerable.Range(0, random.Next(1, 4))
            .Select(_ => ((byte)random.Next(10), random.Next(1000), (byte)random.Next(256), (byte)random.Next(256)))],
        [.. Enumerable.Range(0, random.Next(20)).Select(_ =>
            (Dated(random), (byte)random.Next(256), (byte)random.Next(256), (ushort)random.Next(3000), 0u,
                (uint)random.Next(), (byte)random.Next(256)))]);

    // One of the kinds of packet that carry a time, or no packet.
    private static byte Dated(Random random) => random.GetItems<byte>([0, 1, 3], 1)[0];

    private static bool Same(
        (int Interface, long Time, byte[] Frame) one, (int Interface, long Time, byte[] Frame) other) =>
        one.Interface == other.Interface && one.Time == other.Time && one.Frame.AsSpan().SequenceEqual(other.Frame);

    private static List<(int Interface, long Time, byte[] Frame)> Read(byte[] file)
    {
        using var reader = CaptureReader.Open(new MemoryStream(file), "test");
        reader.FillsCutFrames = true;
        var frames = new List<(int, long, byte[])>();
        while (reader.Read(out var frame)) frames.Add((reader.InterfaceId, reader.Time, frame.ToArray()));
        return frames;
    }

    /// <summary>A time that fits into 64 bits of nanoseconds: the given one, or halved until it fits.</summary>
    private static (ulong Units, long Time) Fitting(ulong units, BigInteger unitsPerSecond, long offset)
    {
        for (; ; units /= 2)
        {
            var time = units * BigInteger.Pow(10, 9) / unitsPerSecond + new BigInteger(offset) * 1_000_000_000;
            if (time <= long.MaxValue) return (units, (long)time);
        }
    }

    /// <summary>A packet as it is on the wire, as it is captured, and as it should be read.</summary>
    private sealed class Packet
    {
        internal Packet(PacketChoice choice, int fcs, int snapshotLength = 0)
        {
            byte[] frame = CaptureBuilder.Frame(choice.Length % 1515, choice.Options);
            byte[] sent = fcs == 0 ? frame : [.. frame, 1, 2, 3, 4];
            (Captured, Original, Expected) = (sent, sent.Length, frame);
            if (snapshotLength > 0) Cut(Math.Min(snapshotLength, sent.Length), frame);
            else if (choice.Lengths % 4 == 1) Cut(choice.Lengths * sent.Length / 256, frame);
            else if (choice.Lengths % 4 == 2) Cut(frame.Length, frame);
            // More bytes than the frame had, or an unknown original length. With an FCS neither makes sense.
            else if (choice.Lengths % 4 == 3 && fcs == 0 && frame.Length > 0)
                (Captured, Original) = choice.Lengths < 128 ? ([.. frame, .. new byte[choice.Lengths]], frame.Length)
                    : (frame, 0);
        }

        internal byte[] Captured { get; private set; }

        internal int Original { get; }

        internal byte[] Expected { get; private set; }

        private void Cut(int captured, byte[] frame)
        {
            Captured = Captured[..captured];
            Expected = new byte[frame.Length];
            Captured.AsSpan(0, Math.Min(captured, frame.Length)).CopyTo(Expected);
        }
    }

    private sealed class WrittenPcapng
    {
        private readonly List<byte> _bytes = [];
        private long _last;

        internal WrittenPcapng(SectionChoice[] sections)
        {
            // A file without a section is not a capture.
            foreach (var section in sections.DefaultIfEmpty((true, [], []))) Write(section);
        }

        internal byte[] Bytes => [.. _bytes];

        internal List<(int Interface, long Time, byte[] Frame)> Expected { get; } = [];

        internal List<(long Time, int Captured)> Timed { get; } = [];

        private void Write(SectionChoice section)
        {
            var file = new CaptureBuilder(section.BigEndian).Section();
            for (int i = 0; i < section.Interfaces.Length; i++) WriteInterface(file, i, section.Interfaces[i]);
            foreach (var packet in section.Packets)
            {
                if (packet.Kind % 8 == 3 || section.Interfaces.Length == 0) WriteOther(file, packet);
                else if (packet.Kind % 8 == 2) WriteSimple(file, packet, section.Interfaces[0]);
                else WritePacket(file, packet, section.Interfaces);
            }
            _bytes.AddRange(file.Bytes);
        }

        private static void WriteInterface(CaptureBuilder file, int index, InterfaceChoice choice) =>
            file.Block(1, body =>
        {
            body.Halves(1, 0).Word((uint)SnapshotLength(index, choice));
            if ((choice.Options & 1) != 0) body.Option(2, "eth0"u8).Option(3, "what people call it"u8);
            if ((choice.Options & 2) != 0) body.Option(6, [2, 0, 0x5E, 0, 0x53, 1]).Option(8, [0, 0, 0, 0, 0, 0, 0, 1]);
            if (HasResolution(choice)) body.Option(9, [Resolution(choice)]);
            if (Fcs(choice) is var fcs && ((choice.Options & 8) != 0 || fcs != 0))
                body.Option(13, [(choice.Options & 16) != 0 ? (byte)(8 * fcs) : (byte)fcs]);
            if (choice.Offset != 0) body.Halves(14, 8).DoubleWord(choice.Offset);
            if ((choice.Options & 32) != 0) body.Option(1, "a comment"u8).Option(0x7FFF, "?"u8);
            if ((choice.Options & 64) != 0) body.Halves(0, 0);
        });

        private void WriteSimple(CaptureBuilder file, PacketChoice choice, InterfaceChoice captured)
        {
            int snapshotLength = SnapshotLength(0, captured);
            var packet = new Packet(choice with { Lengths = 0 }, Fcs(captured), snapshotLength);
            file.Simple(packet.Captured, packet.Original);
            Add(0, _last, packet);
        }

        private void WritePacket(CaptureBuilder file, PacketChoice choice, InterfaceChoice[] interfaces)
        {
            int number = choice.Interface % interfaces.Length;
            var captured = interfaces[number];
            int ofPacket = (choice.Options & 1) != 0 ? 4 : 0, fcs = ofPacket > 0 ? ofPacket : Fcs(captured);
            byte unit = HasResolution(captured) ? Resolution(captured) : (byte)6;
            var unitsPerSecond = unit >= 0x80 ? BigInteger.Pow(2, unit & 0x7F) : BigInteger.Pow(10, unit);
            var (units, time) = Fitting((ulong)choice.High << 32 | choice.Low, unitsPerSecond, captured.Offset);
            var packet = new Packet(choice, fcs);
            if ((choice.Kind & 1) == 0) file.Enhanced(packet.Captured, (uint)number, packet.Original, units, Options);
            else file.Obsolete(packet.Captured, (ushort)number, packet.Original, units, Options);
            Add(number, time, packet);
            Timed.Add((time, packet.Captured.Length));

            void Options(CaptureBuilder body)
            {
                if ((choice.Options & 2) != 0) body.Option(1, "odd"u8).Option(3, [2, 1, 2, 3, 4, 5, 6, 7, 8]);
                if (ofPacket > 0 || (choice.Options & 4) != 0) body.Option(2, (uint)ofPacket << 5 | 0x0102_001Du);
                if ((choice.Options & 8) != 0) body.Option(0x8BAD, "private"u8);
                if ((choice.Options & 16) != 0) body.Halves(0, 0);
            }
        }

        // Name resolution (legal even if empty), custom blocks, and unknown ones.
        private static void WriteOther(CaptureBuilder file, PacketChoice choice) => _ = (choice.Options % 4) switch
        {
            0 => file.Block(4, body => body.Halves(0, 0)),
            1 => file.Block(0x0BAD, body => body.Word(32_473).Add(new byte[choice.Length % 100])),
            2 => file.Block(0x4000_0BAD, body => body.Word(32_473)),
            _ => file.Block(0x8000_0000 | choice.Low, body => body.Add(new byte[choice.Length % 1000])),
        };

        private void Add(int number, long time, Packet packet)
        {
            _last = time;
            Expected.Add((number, time, packet.Expected));
        }

        private static bool HasResolution(InterfaceChoice choice) => (choice.Options & 4) != 0;

        // Down to 10^-19 and 2^-63 seconds.
        private static byte Resolution(InterfaceChoice choice) =>
            choice.Resolution >= 0x80 ? (byte)(0x80 | choice.Resolution % 64) : (byte)(choice.Resolution % 20);

        private static int Fcs(InterfaceChoice choice) => choice.Fcs % 2 * 4;

        // Simple packets are cut to the snapshot length of the first interface.
        private static int SnapshotLength(int index, InterfaceChoice choice) =>
            choice.Fcs < 64 ? 0 : index == 0 ? choice.Fcs : 65_535;
    }

    private sealed class WrittenPcap
    {
        internal WrittenPcap(bool bigEndian, byte kind, byte fcsChoice, PacketChoice[] packets)
        {
            uint magic = (
                kind % 8) switch
            {
                0 or 1 or 2 => 0xA1B2C3D4,
                3 => 0xA1B23C4D,
                4 or 5 => 0xA1B2CD34,
                6 =>
                0x1C0001AC,
                _ => 0x1C0001AB
            };
            ushort minor = (kind % 8) switch { 1 => 2, 2 => 3, _ => 4 };
            uint unitsPerSecond = magic is 0xA1B23C4D or 0x1C0001AC ? 1_000_000_000u : 1_000_000;
            int fcs = fcsChoice % 2 * 4;
            var file = new CaptureBuilder(bigEndian)
                .PcapHeader(magic, fcs == 0 ? fcsChoice % 3 == 0 ? 1u : 0x0400_0001 : 0x2400_0001, minor: minor);
            if (magic is 0x1C0001AC or 0x1C0001AB) file.Word(0);
            // A frame's type shows where it begins, so a modified file's first frame has one that occurs nowhere else.
            if (magic == 0xA1B2CD34) packets = [(0, 0, 0, 100, 0, 0, 0), .. packets];
            foreach (var choice in packets)
            {
                // Where the lengths may come in either order, the greater one is taken for the frame's length.
                var packet = new Packet(
                    minor == 3 && choice.Lengths % 4 == 3 ? choice with { Lengths = 0 } : choice, fcs);
                uint fraction = choice.Low % unitsPerSecond, captured = (uint)packet.Captured.Length,
                    original = (uint)packet.Original;
                bool swapped = minor == 2 || (minor == 3 && choice.Kind % 2 == 0);
                file.Word(choice.High).Word(fraction).Word(swapped ? original : captured)
                    .Word(swapped ? captured : original);
                if (magic == 0xA1B2CD34) file.Word(1).Halves(TypeOf(packet.Captured), 0);
                if (kind % 8 == 5) file.Word(choice.Low);
                file.Add(packet.Captured);
                Expected.Add(
                    (0, choice.High * 1_000_000_000L + fraction * (1_000_000_000L / unitsPerSecond), packet.Expected));
            }
            Bytes = file.Bytes;
        }

        internal byte[] Bytes { get; }

        internal List<(int Interface, long Time, byte[] Frame)> Expected { get; } = [];

        private static ushort TypeOf(byte[] frame) =>
            frame.Length < 14 ? (ushort)0 : (ushort)(frame[12] << 8 | frame[13]);
    }
}
