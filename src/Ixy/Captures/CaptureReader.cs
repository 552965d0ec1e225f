using System.Buffers.Binary;

namespace Ixy.Captures;

/// <summary>
/// Reads the Ethernet frames of a capture file, pcap or pcapng in either byte order, in the order of the file. Damage is
/// never skipped over. The formats are those of draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. Not thread-safe.
/// </summary>
public abstract class CaptureReader : IDisposable
{
    /// <summary>LINKTYPE_ETHERNET in both formats.</summary>
    private const int Ethernet = 1;

    private protected CaptureReader(CaptureSource source) => Source = source;

    private protected CaptureSource Source { get; }

    /// <summary>The number of the frame read last, from 1, as Wireshark counts.</summary>
    public long FrameNumber { get; private set; }

    /// <summary>
    /// When the frame read last was captured: nanoseconds since 1970, UTC. A frame without a time (a simple packet block) has
    /// that of the one before it.
    /// </summary>
    public long Time { get; private set; }

    /// <summary>The interface that the frame read last was captured at, in the order of the file's section, from 0.</summary>
    public int InterfaceId { get; private set; }

    /// <summary>Opens a file and reads its header; <c>-</c> is standard input.</summary>
    /// <exception cref="CaptureFormatException">It is no capture file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static CaptureReader Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path == "-"
            ? Open(new BufferedStream(Console.OpenStandardInput(), 1 << 16), "standard input")
            : Open(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16), path);
    }

    /// <summary>Reads the header of an open file; owns <paramref name="stream"/>, also when it throws.</summary>
    /// <param name="stream">Read from where it is; many short reads, so it should be buffered.</param>
    /// <param name="name">What error messages call it.</param>
    /// <exception cref="CaptureFormatException">It is no capture file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static CaptureReader Open(Stream stream, string name)
    {
        var source = new CaptureSource(stream, name);
        try
        {
            if (!source.TryRead(sizeof(uint), out var magic)) throw source.Refused("the file is empty");
            return BinaryPrimitives.ReadUInt32BigEndian(magic) switch
            {
                0x0A0D0D0A => new PcapngReader(source),
                0xA1B2C3D4 => new PcapReader(source, bigEndian: true, TimeScale.Microseconds),
                0xA1B23C4D => new PcapReader(source, bigEndian: true, TimeScale.Nanoseconds),
                0xD4C3B2A1 => new PcapReader(source, bigEndian: false, TimeScale.Microseconds),
                0x4D3CB2A1 => new PcapReader(source, bigEndian: false, TimeScale.Nanoseconds),
                >= 0x1F8B0000 and <= 0x1F8BFFFF => throw source.Refused("the file is compressed: unpack it with gunzip"),
                uint other => throw source.Refused(
                    $"neither pcap nor pcapng: the file starts with 0x{other:x8}; 'editcap -F pcapng' converts most others"),
            };
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>The next frame, without FCS and valid until the next call; false at the end of the file.</summary>
    /// <exception cref="CaptureFormatException">The file is damaged, or the frame is incomplete or no Ethernet frame.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public bool Read(out ReadOnlySpan<byte> frame)
    {
        frame = [];
        if (!ReadRecord(out var record)) return false;
        FrameNumber++;
        Verify(record);
        if (record.Time is { } time) Time = time;
        InterfaceId = record.InterfaceId;
        frame = record.Bytes[..Math.Max(0, record.Bytes.Length - record.FcsLength)];
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
            throw Source.Malformed($"frame {FrameNumber} has link type {record.LinkType}: expected {Ethernet}, Ethernet");
        if (record.Bytes.Length > record.OriginalLength)
            throw Source.Malformed(
                $"{record.Bytes.Length} bytes were captured of frame {FrameNumber}, which had {record.OriginalLength}");
        if (record.Bytes.Length < record.OriginalLength)
            throw Source.Malformed(
                $"frame {FrameNumber} was cut to {record.Bytes.Length} of {record.OriginalLength} bytes when it was captured: " +
                "capture whole frames (without --snaplen; 'tcpdump -s 0')");
    }

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
