using System.Buffers.Binary;

namespace Ixy.Cli;

/// <summary>
/// Pools of identical UDP packets for generators. They are disposed with this object, after the devices that send from
/// them.
/// </summary>
internal sealed class TestFramePools(int packets, int frameSize) : IDisposable
{
    private const int IpHeader = 14, UdpHeader = 34, Payload = 42;

    private readonly List<PacketPool> _pools = [];

    /// <summary>A pool of packets from a device's address to the broadcast address.</summary>
    internal PacketPool Create(NetworkDevice device)
    {
        var pool = new PacketPool(new()
        {
            Count = packets,
            BufferSize = (frameSize + 63) / 64 * 64,
            NumaNode = device.PciDevice.NumaNode,
            Name = "generated packets",
        });
        _pools.Add(pool);
        pool.SetTemplate(Frame(device.MacAddress));
        return pool;
    }

    public void Dispose()
    {
        foreach (var pool in _pools) pool.Dispose();
        _pools.Clear();
    }

    private byte[] Frame(MacAddress source)
    {
        var frame = new byte[frameSize];
        frame.AsSpan(0, 6).Fill(0xFF);
        source.CopyTo(frame.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), 0x0800);
        // RFC 791. The addresses are those reserved for benchmarks (RFC 2544, appendix C.2.2).
        var ip = frame.AsSpan(IpHeader..UdpHeader);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(frameSize - IpHeader));
        ip[8] = 64;
        ip[9] = 17;
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], 0xC612_0001);
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], 0xC613_0001);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], HeaderChecksum(ip));
        // RFC 768: a checksum of 0 means there is none, so the number in each packet costs four bytes and no sum.
        var udp = frame.AsSpan(UdpHeader..Payload);
        BinaryPrimitives.WriteUInt16BigEndian(udp, 42);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], 1337);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)(frameSize - UdpHeader));
        frame.AsSpan(Payload).Fill((byte)'x');
        return frame;
    }

    // RFC 1071
    private static ushort HeaderChecksum(ReadOnlySpan<byte> header)
    {
        uint sum = 0;
        for (int i = 0; i < header.Length; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(header[i..]);
        return (ushort)~((sum & 0xFFFF) + (sum >> 16));
    }
}
