using System.Buffers.Binary;

namespace Ixy.Testing;

/// <summary>Builds capture files by hand, in either byte order, with any mistake a test needs.</summary>
internal sealed class CaptureBuilder(bool bigEndian)
{
    private readonly List<byte> _bytes = [];

    internal byte[] Bytes => [.. _bytes];

    internal CaptureBuilder Word(uint value)
    {
        byte[] bytes = new byte[4];
        if (bigEndian) BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        else BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Add(bytes);
    }

    internal CaptureBuilder Halves(ushort first, ushort second) =>
        bigEndian ? Word((uint)first << 16 | second) : Word((uint)second << 16 | first);

    internal CaptureBuilder Add(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    internal CaptureBuilder PcapHeader(
        uint magic = 0xA1B2C3D4, uint linkType = 1, ushort major = 2, ushort minor = 4) =>
        Word(magic).Halves(major, minor).Word(0).Word(0).Word(65_535).Word(linkType);

    internal CaptureBuilder PcapPacket(byte[] frame, int? originalLength = null, uint seconds = 1_700_000_000) =>
        Word(seconds).Word(123_456).Word((uint)frame.Length).Word((uint)(originalLength ?? frame.Length)).Add(frame);

    /// <summary>A pcapng block: type, length, body padded to whole words, length.</summary>
    internal CaptureBuilder Block(uint type, Action<CaptureBuilder> body)
    {
        var inner = new CaptureBuilder(bigEndian);
        body(inner);
        inner.Fill();
        uint length = 12 + (uint)inner._bytes.Count;
        return Word(type).Word(length).Add(inner.Bytes).Word(length);
    }

    /// <summary>Pads with zeros to whole words.</summary>
    internal CaptureBuilder Fill()
    {
        while (_bytes.Count % 4 != 0) _bytes.Add(0);
        return this;
    }

    /// <summary>An option of a block. After the last one, an end-of-options option may follow.</summary>
    internal CaptureBuilder Option(ushort code, ReadOnlySpan<byte> value) =>
        Halves(code, (ushort)value.Length).Add(value).Fill();

    /// <summary>An option of one word.</summary>
    internal CaptureBuilder Option(ushort code, uint value) => Halves(code, sizeof(uint)).Word(value);

    internal CaptureBuilder Section() =>
        Block(0x0A0D0D0A, body => body.Word(0x1A2B3C4D).Halves(1, 0).Word(0xFFFF_FFFF).Word(0xFFFF_FFFF));

    internal CaptureBuilder Interface(
        ushort linkType = 1, uint snapshotLength = 0, byte? fcsLength = null, byte? resolution = null,
        long offset = 0) => Block(1, body =>
    {
        body.Halves(linkType, 0).Word(snapshotLength).Halves(2, 3).Add("if0\0"u8);
        if (resolution is { } unit) body.Halves(9, 1).Add([unit, 0, 0, 0]);
        if (fcsLength is { } value) body.Halves(13, 1).Add([value, 0, 0, 0]);
        if (offset != 0) body.Halves(14, 8).DoubleWord(offset);
        body.Halves(0, 0);
    });

    internal CaptureBuilder DoubleWord(long value) =>
        bigEndian ? Word((uint)(value >> 32)).Word((uint)value) : Word((uint)value).Word((uint)(value >> 32));

    internal CaptureBuilder Enhanced(
        byte[] frame, uint interfaceId = 0, int? originalLength = null, ulong time = 0x60000_0000_0001,
        Action<CaptureBuilder>? options = null) =>
        Packet(6, body => body.Word(interfaceId), frame, originalLength, time, options);

    /// <summary>The obsolete packet block.</summary>
    internal CaptureBuilder Obsolete(
        byte[] frame, ushort interfaceId = 0, int? originalLength = null, ulong time = 0x60000_0000_0001,
        Action<CaptureBuilder>? options = null) =>
        Packet(2, body => body.Halves(interfaceId, 0xFFFF), frame, originalLength, time, options);

    private CaptureBuilder Packet(
        uint type, Action<CaptureBuilder> source, byte[] frame, int? originalLength, ulong time,
        Action<CaptureBuilder>? options) => Block(type, body =>
    {
        source(body);
        body.Word((uint)(time >> 32)).Word((uint)time).Word((uint)frame.Length)
            .Word((uint)(originalLength ?? frame.Length)).Add(frame).Fill();
        options?.Invoke(body);
    });

    internal CaptureBuilder Simple(byte[] frame, int? originalLength = null) =>
        Block(3, body => body.Word((uint)(originalLength ?? frame.Length)).Add(frame));

    /// <summary>Random bytes, the same for the same seed.</summary>
    internal static byte[] Frame(int length, byte seed)
    {
        byte[] frame = new byte[length];
        new Random(seed).NextBytes(frame);
        return frame;
    }
}
