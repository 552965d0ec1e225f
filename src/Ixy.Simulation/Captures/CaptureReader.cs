using System.Buffers.Binary;

namespace Ixy.Simulation.Captures;

/// <summary>
/// Reads the Ethernet frames of a capture file, pcap or pcapng, in the order of the file. Damage is never skipped over.
/// When frames were captured is not of interest here, so timestamps are not read.
/// </summary>
internal abstract class CaptureReader(CaptureSource source) : IDisposable
{
    /// <summary>LINKTYPE_ETHERNET in both formats.</summary>
    private protected const int Ethernet = 1;

    private protected CaptureSource Source { get; } = source;

    /// <summary>The number of the frame read last, from 1, as Wireshark counts.</summary>
    internal long FrameNumber { get; private set; }

    /// <summary>Opens a file and reads its header.</summary>
    /// <exception cref="CaptureFormatException">It is no capture file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    internal static CaptureReader Open(string path) =>
        Open(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16), path);

    /// <summary>Reads the header of an open file; owns <paramref name="stream"/>, also when it throws.</summary>
    internal static CaptureReader Open(Stream stream, string name)
    {
        var source = new CaptureSource(stream, name);
        try
        {
            if (!source.TryRead(sizeof(uint), out var magic)) throw new CaptureFormatException($"{name}: the file is empty");
            return BinaryPrimitives.ReadUInt32BigEndian(magic) switch
            {
                0x0A0D0D0A => new PcapngReader(source),
                0xA1B2C3D4 or 0xA1B23C4D => new PcapReader(source, bigEndian: true), // time in µs or ns
                0xD4C3B2A1 or 0x4D3CB2A1 => new PcapReader(source, bigEndian: false),
                >= 0x1F8B0000 and <= 0x1F8BFFFF =>
                    throw new CaptureFormatException($"{name}: the file is compressed: unpack it with gunzip"),
                uint other => throw new CaptureFormatException(
                    $"{name}: neither pcap nor pcapng: the file starts with 0x{other:x8}; " +
                    "'editcap -F pcapng' converts most others"),
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
    internal bool Read(out ReadOnlySpan<byte> frame)
    {
        frame = [];
        if (!ReadPacket(out var packet)) return false;
        FrameNumber++;
        if (packet.LinkType != Ethernet)
            throw Source.Malformed($"frame {FrameNumber} has link type {packet.LinkType}: expected {Ethernet}, Ethernet");
        if (packet.Bytes.Length > packet.OriginalLength)
            throw Source.Malformed(
                $"{packet.Bytes.Length} bytes were captured of frame {FrameNumber}, which had {packet.OriginalLength}");
        if (packet.Bytes.Length < packet.OriginalLength)
            throw Source.Malformed(
                $"frame {FrameNumber} was cut to {packet.Bytes.Length} of {packet.OriginalLength} bytes when it was captured: " +
                "capture whole frames ('tcpdump -s 0')");
        frame = packet.Bytes[..Math.Max(0, packet.Bytes.Length - packet.FcsLength)];
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => Source.Dispose();

    /// <summary>The next packet as the file has it; false at the end.</summary>
    private protected abstract bool ReadPacket(out Packet packet);

    private protected readonly ref struct Packet
    {
        internal required ReadOnlySpan<byte> Bytes { get; init; }

        internal required uint OriginalLength { get; init; }

        internal required int LinkType { get; init; }

        internal required int FcsLength { get; init; }
    }
}
