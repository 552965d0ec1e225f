using System.Buffers.Binary;
using Ixy.Captures.Buffering;
using Ixy.Captures.Formats;
using Ixy.Vfio;

namespace Ixy.Captures;

/// <summary>
/// Reads the Ethernet frames of a capture file, pcap or pcapng in either byte order, in the order of the file. Damage
/// is never skipped over. The formats are those of draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. Not
/// thread-safe.
/// </summary>
public abstract class CaptureReader : IDisposable
{
    /// <summary>The largest snapshot length libpcap accepts (MAXIMUM_SNAPLEN); anything longer is damage.</summary>
    private protected const int LongestPacket = 262_144;

    /// <summary>LINKTYPE_ETHERNET in both formats.</summary>
    private const int Ethernet = 1;

    /// <summary>Bytes of an Ethernet frame's FCS (IEEE 802.3 clause 3.2.9).</summary>
    private const int EthernetFcs = 4;

    private byte[] _filled = [];

    private protected CaptureReader(CaptureSource source) => Source = source;

    private protected CaptureSource Source { get; }

    /// <summary>The number of the last frame read, from 1, as in Wireshark.</summary>
    public long FrameNumber { get; private set; }

    /// <summary>
    /// When the last frame read was captured: nanoseconds since 1970, UTC. A frame without a time (a simple packet
    /// block) has the time of the previous frame.
    /// </summary>
    public long Time { get; private set; }

    /// <summary>
    /// The interface the last frame read was captured at, in the order of the file's section, from 0.
    /// </summary>
    public int InterfaceId { get; private set; }

    /// <summary>
    /// Pads truncated frames with zeros to their original length. If false, such frames are refused. May be changed
    /// between two frames.
    /// </summary>
    public bool FillsCutFrames { get; set; }

    /// <summary>The last frame read was truncated when captured, and is padded with zeros.</summary>
    public bool IsFilled { get; private set; }

    /// <summary>Opens a file and reads its header; <c>-</c> is standard input.</summary>
    /// <exception cref="CaptureFormatException">It is not a capture file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static CaptureReader Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path == "-"
            ? Open(new BufferedStream(Console.OpenStandardInput(), 1 << 16), "standard input")
            : Open(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16), path);
    }

    /// <summary>Reads the header of an open file; owns <paramref name="stream"/>, even if this throws.</summary>
    /// <param name="stream">Read from its current position, in many short reads, so it should be buffered.</param>
    /// <param name="name">The file's name in error messages.</param>
    /// <exception cref="CaptureFormatException">It is not a capture file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static CaptureReader Open(Stream stream, string name)
    {
        var source = new CaptureSource(stream, name);
        try
        {
            if (!source.TryRead(sizeof(uint), out var magic)) throw source.Refused("the file is empty");
            uint first = BinaryPrimitives.ReadUInt32BigEndian(magic);
            if (PcapKind.Of(first) is { } big) return new PcapReader(source, bigEndian: true, big);
            if (PcapKind.Of(BinaryPrimitives.ReverseEndianness(first)) is { } little)
                return new PcapReader(source, bigEndian: false, little);
            return first switch
            {
                PcapngReader.SectionHeader => new PcapngReader(source),
                >= 0x1F8B0000 and <= 0x1F8BFFFF =>
                throw source.Refused("the file is compressed: unpack it with gunzip"),
                _ => throw source.Refused(
                    $"neither pcap nor pcapng: the file starts with 0x{first:x8}; " +
                    "'editcap -F pcapng' converts most others"),
            };
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The next frame, without FCS and valid until the next call; false at the end of the file. If more was captured
    /// than the frame's original length, the excess is ignored.
    /// </summary>
    /// <exception cref="CaptureFormatException">
    /// The file is damaged, or the frame is incomplete or not an Ethernet frame.
    /// </exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public bool Read(out ReadOnlySpan<byte> frame)
    {
        frame = [];
        if (!ReadRecord(out var record)) return false;
        FrameNumber++;
        Verify(record);
        if (record.Time is { } time) Time = time;
        InterfaceId = record.InterfaceId;
        frame = FrameOf(record);
        return true;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        Source.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The next packet as the file has it; false at the end.</summary>
    private protected abstract bool ReadRecord(out Record record);

    private protected long TimeOf(ulong units, TimeScale scale) => scale.TryConvert(units, out long time)
        ? time
        : throw Source.Malformed($"frame {FrameNumber + 1} was captured beyond the years 1677 to 2262");

    private void Verify(Record record)
    {
        if (record.LinkType != Ethernet)
            throw Source.Malformed(
                $"frame {FrameNumber} has link type {record.LinkType}: expected {Ethernet}, Ethernet");
        if (record.FcsLength is not (0 or EthernetFcs))
            throw Source.Malformed(
                $"the FCS of frame {FrameNumber} is said to have {record.FcsLength} bytes, not 0 or {EthernetFcs}");
        if (record.Bytes.Length > LongestPacket) throw TooLong(record.Bytes.Length);
    }

    private ReadOnlySpan<byte> FrameOf(Record record)
    {
        IsFilled = false;
        int captured = record.Bytes.Length;
        // A frame has some length: writers that do not know it leave 0. Wireshark then shows what was captured.
        uint original = record.OriginalLength == 0 ? (uint)captured : record.OriginalLength;
        // Bytes captured after the frame's end are not part of it. If there are none, the capture may end with the FCS.
        if (captured > original)
            return record.Bytes[..(int)Math.Min(original, Math.Max(0, captured - record.FcsLength))];
        long length = Math.Max(0, (long)original - record.FcsLength);
        // Even if only the FCS was cut off.
        if (captured >= length) return record.Bytes[..(int)length];
        if (FillsCutFrames) return Fill(record.Bytes, length);
        throw Source.Malformed(
            $"frame {FrameNumber} was cut to {captured} of {original} bytes when it was captured: capture whole " +
            "frames (without --snaplen; 'tcpdump -s 0'), or have them filled with zeroes " +
            $"('{IxyCommand.Name} replay --pad')");
    }

    private ReadOnlySpan<byte> Fill(ReadOnlySpan<byte> beginning, long length)
    {
        if (length > LongestPacket) throw TooLong(length);
        if (_filled.Length == 0) _filled = GC.AllocateUninitializedArray<byte>(LongestPacket);
        beginning.CopyTo(_filled);
        _filled.AsSpan(beginning.Length, (int)length - beginning.Length).Clear();
        IsFilled = true;
        return _filled.AsSpan(0, (int)length);
    }

    private CaptureFormatException TooLong(long length) =>
        Source.Malformed($"frame {FrameNumber} has {length} bytes: at most {LongestPacket} are possible");

    private protected readonly ref struct Record
    {
        internal required ReadOnlySpan<byte> Bytes { get; init; }

        internal required uint OriginalLength { get; init; }

        internal required int LinkType { get; init; }

        internal required int FcsLength { get; init; }

        internal required long? Time { get; init; }

        internal int InterfaceId { get; init; }
    }
}
