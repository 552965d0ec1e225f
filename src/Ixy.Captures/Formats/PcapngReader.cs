using Ixy.Captures.Buffering;

namespace Ixy.Captures.Formats;

/// <summary>
/// The newer format (draft-ietf-opsawg-pcapng): sections of blocks; packets refer to the interfaces described before
/// them in their section. Blocks that hold no packets are skipped.
/// </summary>
internal sealed class PcapngReader : CaptureReader
{
    /// <summary>The type of a section's first block; the same in either byte order.</summary>
    internal const uint SectionHeader = 0x0A0D0D0A;

    private const uint InterfaceDescription = 1;
    private const uint ObsoletePacket = 2, SimplePacket = 3, EnhancedPacket = 6;
    private const uint LittleEndianMark = 0x4D3C2B1A; // 0x1A2B3C4D, read with the wrong byte order
    private const int LongestBlock = 16 << 20, Frame = 12; // type and length before, length after

    private readonly List<Interface> _interfaces = [];

    internal PcapngReader(CaptureSource source) : base(source) => StartSection();

    private protected override bool ReadRecord(out Record record)
    {
        record = default;
        while (Source.TryRead(sizeof(uint), out var bytes))
        {
            uint type = Source.UInt32(bytes);
            if (type == SectionHeader)
            {
                StartSection();
                continue;
            }
            uint length = Source.UInt32(Source.Read(sizeof(uint)));
            var body = ReadBody(length, read: 8);
            if (type == InterfaceDescription) AddInterface(body);
            if (type is not (EnhancedPacket or SimplePacket or ObsoletePacket)) continue;
            record = type switch
            {
                EnhancedPacket => LongPacket(body, Source.UInt32(Part(body, 0, 4))),
                ObsoletePacket => LongPacket(body, Source.UInt16(Part(body, 0, 2))),
                _ => ShortPacket(body),
            };
            return true;
        }
        return false;
    }

    // A section has its own byte order and its own interfaces. The block type has been read.
    private void StartSection()
    {
        var start = Source.Read(2 * sizeof(uint));
        Source.IsBigEndian = true;
        uint mark = Source.UInt32(start[4..]);
        if (mark is not (LittleEndianMark or 0x1A2B3C4D))
            throw Source.Malformed($"no byte-order magic but 0x{mark:x8}");
        Source.IsBigEndian = mark != LittleEndianMark;
        uint length = Source.UInt32(start);
        var body = ReadBody(length, read: 12);
        ushort major = Source.UInt16(Part(body, 0, 2));
        if (major != 1) throw Source.Malformed($"pcapng version {major}: expected 1");
        _interfaces.Clear();
    }

    /// <summary>The rest of a block of which some bytes have been read, without the length at its end.</summary>
    private ReadOnlySpan<byte> ReadBody(uint length, int read)
    {
        if (length % 4 != 0 || length < Frame || length < read + sizeof(uint) || length > LongestBlock)
            throw Source.Malformed(
                $"a block of {length} bytes: expected a multiple of 4 from {Frame} to {LongestBlock}");
        var rest = Source.Read((int)length - read);
        uint repeated = Source.UInt32(rest[^sizeof(uint)..]);
        if (repeated != length) throw Source.Malformed($"a block starts with length {length} and ends with {repeated}");
        return rest[..^sizeof(uint)];
    }

    private void AddInterface(ReadOnlySpan<byte> body)
    {
        const int resolutionOption = 9, fcsLengthOption = 13, offsetOption = 14;
        var found = new Interface(Source.UInt16(Part(body, 0, 8)), Source.UInt32(body[4..]), 0, TimeScale.Microseconds);
        for (var options = body[8..]; TryReadOption(ref options, out int code, out var value);)
        {
            found = code switch
            {
                resolutionOption => found with { Scale = Resolved(found.Scale, Byte(value, "if_tsresol")) },
                fcsLengthOption => found with { FcsLength = InterfaceFcs(Byte(value, "if_fcslen")) },
                offsetOption => found with { Scale = found.Scale with { OffsetSeconds = Offset(value) } },
                _ => found,
            };
        }
        _interfaces.Add(found);
    }

    // The draft says bits, and gives 4 as the example, which can only be bytes. Wireshark reads bytes.
    private static int InterfaceFcs(byte value) => value == 32 ? 4 : value;

    // Code, length, and the bytes padded to whole words; the end is either marked, or is that of the block.
    private bool TryReadOption(ref ReadOnlySpan<byte> options, out int code, out ReadOnlySpan<byte> value)
    {
        const int EndOfOptions = 0, Header = 4;
        code = EndOfOptions;
        value = [];
        if (options.IsEmpty) return false;
        code = Source.UInt16(Part(options, 0, 2));
        if (code == EndOfOptions) return false;
        int length = Source.UInt16(Part(options, 2, 2));
        value = Part(options, Header, length);
        options = options[Part(options, 0, Header + (length + 3) / 4 * 4).Length..];
        return true;
    }

    private byte Byte(ReadOnlySpan<byte> value, string name) =>
        value is [byte only] ? only : throw Source.Malformed($"{name} has {value.Length} bytes: expected 1");

    private long Offset(ReadOnlySpan<byte> value) => value.Length == sizeof(long)
        ? Source.Int64(value)
        : throw Source.Malformed($"if_tsoffset has {value.Length} bytes: expected {sizeof(long)}");

    private TimeScale Resolved(TimeScale scale, byte value) => TimeScale.TryResolution(value, out ulong unitsPerSecond)
        ? scale with { UnitsPerSecond = unitsPerSecond }
        : throw Source.Malformed($"if_tsresol is 0x{value:x2}: expected a resolution down to 10^-19 or 2^-63 seconds");

    // Interface, (drops,) timestamp in two words, captured and original length, data. Both kinds have the lengths at
    // 12.
    private Record LongPacket(ReadOnlySpan<byte> body, uint interfaceId)
    {
        ulong time = (ulong)Source.UInt32(Part(body, 4, 4)) << 32 | Source.UInt32(Part(body, 8, 4));
        uint length = Source.UInt32(Part(body, 12, 4)), originalLength = Source.UInt32(Part(body, 16, 4));
        var record = MakeRecord(interfaceId, Part(body, 20, length), originalLength, time);
        int options = (int)Math.Min(20 + ((long)length + 3) / 4 * 4, body.Length);
        return FcsLength(body[options..]) is > 0 and int fcs ? record with { FcsLength = fcs } : record;
    }

    // For this packet alone: bits 5 to 8 of its flags, epb_flags or pack_flags. 0 if they do not say.
    private int FcsLength(ReadOnlySpan<byte> options)
    {
        const int FlagsOption = 2;
        uint flags = 0;
        while (TryReadOption(ref options, out int code, out var value))
        {
            if (code != FlagsOption) continue;
            if (value.Length != sizeof(uint))
                throw Source.Malformed($"the flags of frame {FrameNumber + 1} have {value.Length} bytes: expected 4");
            flags = Source.UInt32(value);
        }
        return (int)(flags >> 5) & 15;
    }

    private Record ShortPacket(ReadOnlySpan<byte> body)
    {
        uint originalLength = Source.UInt32(Part(body, 0, 4));
        uint limit = InterfaceAt(0).SnapshotLength;
        uint length = limit == 0 ? originalLength : Math.Min(originalLength, limit);
        return MakeRecord(0, Part(body, 4, length), originalLength, time: null);
    }

    private Record MakeRecord(uint interfaceId, ReadOnlySpan<byte> bytes, uint originalLength, ulong? time)
    {
        var captured = InterfaceAt(interfaceId);
        return new()
        {
            Bytes = bytes,
            OriginalLength = originalLength,
            LinkType = captured.LinkType,
            FcsLength = captured.FcsLength,
            Time = time is { } units ? TimeOf(units, captured.Scale) : null,
            InterfaceId = (int)interfaceId,
        };
    }

    private Interface InterfaceAt(uint id) => id < _interfaces.Count
        ? _interfaces[(int)id]
        : throw Source.Malformed($"a packet of interface {id}, and {_interfaces.Count} are described before it");

    private ReadOnlySpan<byte> Part(ReadOnlySpan<byte> block, int start, long length) => start + length <= block.Length
        ? block.Slice(start, (int)length)
        : throw Source.Malformed($"a block has no room for {length} bytes that it should hold");

    private readonly record struct Interface(ushort LinkType, uint SnapshotLength, int FcsLength, TimeScale Scale);
}
