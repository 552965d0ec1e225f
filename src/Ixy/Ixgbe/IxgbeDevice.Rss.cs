using System.Buffers.Binary;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;

namespace Ixy.Ixgbe;

// 7.1.2.8 Receive-side scaling: a hash over addresses and ports chooses one of the first 16 queues.
public sealed partial class IxgbeDevice
{
    private static ReadOnlySpan<(RssHashTypes Type, uint Bit)> HashTypes => new[]
    {
        (RssHashTypes.IPv4, MRQC_.IPv4), (RssHashTypes.TcpIPv4, MRQC_.TcpIPv4), (RssHashTypes.UdpIPv4, MRQC_.UdpIPv4),
        (RssHashTypes.IPv6, MRQC_.IPv6), (RssHashTypes.TcpIPv6, MRQC_.TcpIPv6), (RssHashTypes.UdpIPv6, MRQC_.UdpIPv6),
    };

    // 4.6.10.1.1 Global filtering and offload: key and table are written before the mode that uses them.
    private void SetUpRss(RssOptions options)
    {
        var key = options.Key.Span;
        for (int i = 0; i < RSSRK.Count; i++)
            _bar.Write32(RSSRK[i], BinaryPrimitives.ReadUInt32LittleEndian(key[(4 * i)..]));
        int[] table = options.Table(_options.ReceiveQueues);
        for (int i = 0; i < RETA.Count; i++) _bar.Write32(RETA[i], Entries(table, i));
        // An X550 uses two more bits of the hash, so its table is four times as long: repeat it.
        if (IxgbeModels.IsX550(_device.DeviceId))
        {
            for (int i = 0; i < ERETA.Count; i++) _bar.Write32(ERETA[i], Entries(table, i % RETA.Count));
        }
        // RSS status shares a descriptor field with the fragment checksum: the hash wins (7.1.6.2).
        Change(RXCSUM, RXCSUM_.RssHashInDescriptor, set: true);
        uint mode = MRQC_.RssOnly;
        foreach (var (type, bit) in HashTypes)
        {
            if ((options.HashTypes & type) != 0) mode |= bit;
        }
        Write(MRQC, mode);
    }

    // Four entries of a byte each, the first in the lowest (8.2.3.7.13).
    private static uint Entries(int[] table, int register)
    {
        uint entries = 0;
        for (int i = 0; i < 4; i++) entries |= (uint)table[4 * register + i] << (8 * i);
        return entries;
    }
}
