using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Ixy.Captures.Formats;

/// <summary>
/// The blocks of a pcapng file (draft-ietf-opsawg-pcapng): one section, little-endian, times in nanoseconds.
/// </summary>
internal static class PcapngBlocks
{
    /// <summary>Longest frame a packet block is written for; readers accept no more.</summary>
    internal const int LongestFrame = 262_144;

    private const int PacketHeader = 28;

    /// <summary>
    /// The blocks at the start of a file: section header (4.1) and an interface description for each interface (4.2).
    /// </summary>
    /// <param name="interfaces">In the order of their numbers.</param>
    /// <param name="snapLength">How many bytes of a frame are kept at most.</param>
    internal static byte[] Header(IEnumerable<CaptureInterface> interfaces, int snapLength) =>
        [.. SectionHeader(), .. interfaces.SelectMany(described => InterfaceDescription(described, snapLength))];

    /// <summary>Interface statistics (4.6): what an interface received and lost.</summary>
    internal static byte[] Statistics(int interfaceId, in CaptureStatistics counted)
    {
        const ushort startTime = 2, endTime = 3, interfaceReceived = 4, interfaceDropped = 5, systemDropped = 7,
            delivered = 8;
        return new BlockBuilder(5).Word((uint)interfaceId).Time(counted.EndTime)
            .Halves(startTime, sizeof(long)).Time(counted.StartTime)
            .Halves(endTime, sizeof(long)).Time(counted.EndTime)
            .Option(interfaceReceived, counted.Received).Option(interfaceDropped, counted.Missed)
            .Option(systemDropped, counted.Dropped).Option(delivered, counted.Written).Finish();
    }

    /// <summary>Length of a packet block with this many bytes of a frame.</summary>
    internal static int PacketLength(int captured) => PacketHeader + (captured + 3) / 4 * 4 + sizeof(uint);

    /// <summary>Enhanced packet (4.3): a frame, or the beginning of one.</summary>
    /// <param name="block">Must be <see cref="PacketLength"/> bytes long.</param>
    /// <param name="interfaceId">Where it was received.</param>
    /// <param name="time">When: nanoseconds since 1970, UTC.</param>
    /// <param name="frame">The whole frame without FCS.</param>
    /// <param name="captured">How many of its bytes are kept.</param>
    internal static void WritePacket(
        Span<byte> block, int interfaceId, long time, ReadOnlySpan<byte> frame, int captured)
    {
        Put(block, 0, 6);
        Put(block, 4, (uint)block.Length);
        Put(block, 8, (uint)interfaceId);
        Put(block, 12, (uint)(time >> 32));
        Put(block, 16, (uint)time);
        Put(block, 20, (uint)captured);
        Put(block, 24, (uint)frame.Length);
        frame[..captured].CopyTo(block[PacketHeader..]);
        block[(PacketHeader + captured)..^sizeof(uint)].Clear();
        Put(block, block.Length - sizeof(uint), (uint)block.Length);
    }

    private static byte[] SectionHeader()
    {
        const ushort hardware = 2, system = 3, application = 4;
        const uint ByteOrderMagic = 0x1A2B3C4D;
        return new BlockBuilder(0x0A0D0D0A).Word(ByteOrderMagic).Halves(1, 0)
            .Double(-1) // length of the section: not known yet
            .Option(hardware, RuntimeInformation.OSArchitecture.ToString())
            .Option(system, RuntimeInformation.OSDescription)
            .Option(application, "ixy").Finish();
    }

    private static byte[] InterfaceDescription(CaptureInterface described, int snapLength)
    {
        const ushort ethernet = 1, name = 2, macAddress = 6, speed = 8, resolution = 9, system = 12, hardware = 15;
        const byte Nanoseconds = 9; // 10^-9 s
        var block = new BlockBuilder(1).Halves(ethernet, 0).Word((uint)snapLength).Option(name, described.Name);
        if (described.MacAddress is { } address)
        {
            var bytes = new byte[6];
            address.CopyTo(bytes);
            block.Option(macAddress, bytes);
        }
        return block.Option(speed, described.SpeedMbps > 0 ? described.SpeedMbps * 1_000_000L : null)
            .Option(resolution, [Nanoseconds]).Option(system, RuntimeInformation.OSDescription)
            .Option(hardware, described.Hardware).Finish();
    }

    private static void Put(Span<byte> block, int offset, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(block[offset..], value);
}
