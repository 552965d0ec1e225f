namespace Ixy.Captures;

/// <summary>The classic format (draft-ietf-opsawg-pcap): a file header, then packets behind record headers.</summary>
internal sealed class PcapReader : CaptureReader
{
    // The largest snapshot length that libpcap takes (MAXIMUM_SNAPLEN); what is longer is damage.
    private const int LongestPacket = 262_144;

    private const int HeaderAfterMagic = 20, RecordHeader = 16;
    private readonly int _linkType, _fcsLength;
    private readonly TimeScale _scale;

    internal PcapReader(CaptureSource source, bool bigEndian, TimeScale scale) : base(source)
    {
        source.IsBigEndian = bigEndian;
        _scale = scale;
        var header = source.Read(HeaderAfterMagic);
        ushort major = source.UInt16(header), minor = source.UInt16(header[2..]);
        if (major != 2 || minor != 4) throw source.Malformed($"pcap version {major}.{minor}: expected 2.4");
        uint link = source.UInt32(header[16..]);
        _linkType = (ushort)link;
        const uint fcsLengthPresent = 1 << 26;
        if ((link & fcsLengthPresent) != 0) _fcsLength = (int)(link >> 28) * 2; // in 16-bit words
    }

    private protected override bool ReadRecord(out Record record)
    {
        record = default;
        if (!Source.TryRead(RecordHeader, out var header)) return false;
        // Seconds, and the part of one in microseconds or nanoseconds: 62 bits together.
        ulong time = Source.UInt32(header) * _scale.UnitsPerSecond + Source.UInt32(header[4..]);
        uint length = Source.UInt32(header[8..]), originalLength = Source.UInt32(header[12..]);
        if (length > LongestPacket) throw Source.Malformed($"a packet of {length} bytes: at most {LongestPacket} are possible");
        record = new()
        {
            Bytes = length == 0 ? [] : Source.Read((int)length),
            OriginalLength = originalLength,
            LinkType = _linkType,
            FcsLength = _fcsLength,
            Time = TimeOf(time, _scale),
        };
        return true;
    }
}
