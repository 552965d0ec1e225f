using System.Buffers.Binary;
using Ixy.Captures.Buffering;

namespace Ixy.Captures.Formats;

/// <summary>The classic format (draft-ietf-opsawg-pcap): a file header, then packets with record headers.</summary>
internal sealed class PcapReader : CaptureReader
{
    private readonly LengthOrder _order;
    private readonly int _linkType, _fcsLength;
    private PcapKind _kind;

    internal PcapReader(CaptureSource source, bool bigEndian, PcapKind kind) : base(source)
    {
        source.IsBigEndian = bigEndian;
        _kind = kind;
        var header = source.Read(kind.FileHeader);
        ushort major = source.UInt16(header), minor = source.UInt16(header[2..]);
        _order = (major, minor) switch
        {
            (2, 4) => LengthOrder.CapturedFirst,
            (2, 3) => LengthOrder.Either,
            // As 543.0 is what DG/UX's tcpdump writes.
            (2, < 3) or (543, 0) => LengthOrder.OriginalFirst,
            _ => throw source.Malformed($"pcap version {major}.{minor}: expected 2.0 to 2.4"),
        };
        uint link = source.UInt32(header[16..]);
        const uint reserved = 0x0BFF_0000, fcsLengthPresent = 1 << 26;
        if ((link & reserved) != 0)
            throw source.Malformed($"the link type field is 0x{link:x8}: expected 0 in bits 16 to 25 and 27");
        _linkType = (ushort)link;
        if ((link & fcsLengthPresent) != 0) _fcsLength = (int)(link >> 28) * 2; // in 16-bit words
    }

    /// <summary>
    /// Which of a packet's lengths comes first. That changed with version 2.3, but not in every program.
    /// </summary>
    private enum LengthOrder
    {
        CapturedFirst,
        OriginalFirst,
        Either,
    }

    private protected override bool ReadRecord(out Record record)
    {
        record = default;
        if (!Source.TryRead(_kind.RecordHeader, out var header)) return false;
        // Seconds, and microseconds or nanoseconds: 62 bits together.
        ulong time = Source.UInt32(header) * _kind.Scale.UnitsPerSecond + Source.UInt32(header[4..]);
        var (length, originalLength) = Ordered(Source.UInt32(header[8..]), Source.UInt32(header[12..]));
        if (length > LongestPacket)
            throw Source.Malformed($"a packet of {length} bytes: at most {LongestPacket} are possible");
        record = new()
        {
            Bytes = _kind.IsModified ? ReadModified((int)length, Source.UInt16(header[20..])) : ReadBytes((int)length),
            OriginalLength = originalLength,
            LinkType = _linkType,
            FcsLength = _fcsLength,
            Time = TimeOf(time, _kind.Scale),
        };
        return true;
    }

    private (uint Captured, uint Original) Ordered(uint first, uint second) => _order switch
    {
        LengthOrder.OriginalFirst => (second, first),
        LengthOrder.Either => (Math.Min(first, second), Math.Max(first, second)),
        _ => (first, second),
    };

    private ReadOnlySpan<byte> ReadBytes(int length) => length == 0 ? [] : Source.Read(length);

    // Two patches have the same magic number, but the record header of one has an extra word. The frame begins where
    // its type matches the one in the header. If that is ambiguous, assume the shorter header, the only one that
    // libpcap knows.
    private ReadOnlySpan<byte> ReadModified(int length, ushort type)
    {
        const int More = sizeof(uint), TypeOffset = 12;
        var bytes = ReadBytes(length);
        if (FrameNumber > 0 || length < TypeOffset + More + sizeof(ushort)) return bytes;
        if (TypeAt(bytes, TypeOffset) == type || TypeAt(bytes, TypeOffset + More) != type) return bytes;
        _kind = _kind with { RecordHeader = _kind.RecordHeader + More };
        byte[] beginning = bytes[More..].ToArray();
        byte[] frame = [.. beginning, .. Source.Read(More)];
        return frame;
    }

    private static ushort TypeAt(ReadOnlySpan<byte> frame, int offset) =>
        BinaryPrimitives.ReadUInt16BigEndian(frame[offset..]);
}
