namespace Ixy.Simulation.Captures;

/// <summary>
/// The newer format (draft-ietf-opsawg-pcapng): sections of blocks; packets refer to the interfaces described before
/// them in their section. Blocks that hold no packets are skipped.
/// </summary>
internal sealed class PcapngReader : CaptureReader
{
    private const uint SectionHeader = 0x0A0D0D0A, InterfaceDescription = 1;
    private const uint ObsoletePacket = 2, SimplePacket = 3, EnhancedPacket = 6;
    private const uint LittleEndianMark = 0x4D3C2B1A; // 0x1A2B3C4D, read with the wrong byte order
    private const int LongestBlock = 16 << 20, Frame = 12; // type and length before, length after

    private readonly List<Interface> _interfaces = [];

    internal PcapngReader(CaptureSource source) : base(source) => StartSection();

    private protected override bool ReadPacket(out Packet packet)
    {
        packet = default;
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
            packet = type switch
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
        if (mark is not (LittleEndianMark or 0x1A2B3C4D)) throw Source.Malformed($"no byte-order magic but 0x{mark:x8}");
        Source.IsBigEndian = mark != LittleEndianMark;
        uint length = Source.UInt32(start);
        var body = ReadBody(length, read: 12);
        ushort major = Source.UInt16(Part(body, 0, 2));
        if (major != 1) throw Source.Malformed($"pcapng version {major}: expected 1");
        _interfaces.Clear();
    }

    /// <summary>What remains of a block of which some bytes have been read, without the length at its end.</summary>
    private ReadOnlySpan<byte> ReadBody(uint length, int read)
    {
        if (length % 4 != 0 || length < Frame || length < read + sizeof(uint) || length > LongestBlock)
            throw Source.Malformed($"a block of {length} bytes: expected a multiple of 4 from {Frame} to {LongestBlock}");
        var rest = Source.Read((int)length - read);
        uint repeated = Source.UInt32(rest[^sizeof(uint)..]);
        if (repeated != length) throw Source.Malformed($"a block starts with length {length} and ends with {repeated}");
        return rest[..^sizeof(uint)];
    }

    private void AddInterface(ReadOnlySpan<byte> body)
    {
        const int fcsLengthOption = 13, endOfOptions = 0;
        uint snapshotLength = Source.UInt32(Part(body, 4, 4));
        int fcsLength = 0;
        for (var options = body[8..]; options.Length > 0;)
        {
            int code = Source.UInt16(Part(options, 0, 2)), length = Source.UInt16(Part(options, 2, 2));
            if (code == endOfOptions) break;
            if (code == fcsLengthOption)
                fcsLength = Part(options, 4, length) is [byte value] ? value : throw Source.Malformed("if_fcslen is not one byte");
            int padded = 4 + (length + 3) / 4 * 4;
            options = options[Part(options, 0, padded).Length..];
        }
        _interfaces.Add(new(Source.UInt16(body), snapshotLength, fcsLength));
    }

    // Interface, (drops,) two words of time, captured and original length, data. Both kinds have the lengths at 12.
    private Packet LongPacket(ReadOnlySpan<byte> body, uint interfaceId)
    {
        uint length = Source.UInt32(Part(body, 12, 4)), originalLength = Source.UInt32(Part(body, 16, 4));
        return MakePacket(interfaceId, Part(body, 20, length), originalLength);
    }

    private Packet ShortPacket(ReadOnlySpan<byte> body)
    {
        uint originalLength = Source.UInt32(Part(body, 0, 4));
        uint limit = InterfaceAt(0).SnapshotLength;
        uint length = limit == 0 ? originalLength : Math.Min(originalLength, limit);
        return MakePacket(0, Part(body, 4, length), originalLength);
    }

    private Packet MakePacket(uint interfaceId, ReadOnlySpan<byte> bytes, uint originalLength)
    {
        var captured = InterfaceAt(interfaceId);
        return new()
        {
            Bytes = bytes,
            OriginalLength = originalLength,
            LinkType = captured.LinkType,
            FcsLength = captured.FcsLength,
        };
    }

    private Interface InterfaceAt(uint id) => id < _interfaces.Count
        ? _interfaces[(int)id]
        : throw Source.Malformed($"a packet of interface {id}, and {_interfaces.Count} are described before it");

    private ReadOnlySpan<byte> Part(ReadOnlySpan<byte> block, int start, long length) => start + length <= block.Length
        ? block.Slice(start, (int)length)
        : throw Source.Malformed($"a block has no room for {length} bytes that it should hold");

    private readonly record struct Interface(ushort LinkType, uint SnapshotLength, int FcsLength);
}
