using System.Buffers.Binary;
using Ixy.Vfio;
using static Ixy.Virtio.VirtioConstants;
using static Ixy.Virtio.VirtioRegisters;

namespace Ixy.Virtio;

// 5.1.6.5.6 Automatic receive steering, and 5.1.6.5.7 Receive-side scaling if requested. Hash types have the same bits
// in the specification and in RssHashTypes (5.1.6.4.3.1).
public sealed partial class VirtioDevice
{
    private void SetUpSteering()
    {
        if (_options.Rss is { } rss) SetUpRss(rss);
        else if (QueuePairs > 1) Command("queue pairs", SetQueuePairs, [(byte)QueuePairs, (byte)(QueuePairs >> 8)]);
    }

    private void RequireRss(VirtioFeatures offered)
    {
        if (_options.Rss is null) return;
        Require(offered, VirtioFeatures.Rss | VirtioFeatures.ControlQueue,
            "VIRTIO_NET_F_RSS, and NetworkDeviceOptions.Rss was given: leave it out and the device spreads flows as it "
            + "likes; in QEMU it takes 'rss=on'");
    }

    // 5.1.6.5.7.1: the table's length is a power of two, and sent as a mask.
    private void SetUpRss(RssOptions options)
    {
        uint hashTypes = (uint)options.HashTypes, supported = _transport.ReadConfig(Net.SupportedHashTypes, 4);
        int longestKey = (int)_transport.ReadConfig(Net.MaxRssKeyLength, 1),
            longestTable = (int)_transport.ReadConfig(Net.MaxRssTableLength, 2);
        if ((hashTypes & ~supported) != 0 || longestKey < RssOptions.KeyLength
            || longestTable < RssOptions.LongestTable)
            throw new FeatureNotOfferedException(
                $"{Name} has RSS with the hash types 0x{supported:x}, keys of {longestKey} bytes and tables of "
                + $"{longestTable} entries: expected at least "
                + $"0x{hashTypes:x}, {RssOptions.KeyLength} and {RssOptions.LongestTable} (virtio 1.2, 5.1.4)");
        Command("RSS", SetRss, RssCommand(options, QueuePairs));
    }

    /// <summary>The data of the command: struct virtio_net_rss_config, for this many queue pairs.</summary>
    internal static byte[] RssCommand(RssOptions options, int queuePairs)
    {
        int[] table = options.Table(queuePairs);
        var config = new byte[11 + 2 * table.Length + RssOptions.KeyLength];
        BinaryPrimitives.WriteUInt32LittleEndian(config, (uint)options.HashTypes);
        BinaryPrimitives.WriteUInt16LittleEndian(config.AsSpan(4), (ushort)(table.Length - 1));
        // Packets that are not hashed go to queue 0, at offset 6.
        for (int i = 0; i < table.Length; i++)
            BinaryPrimitives.WriteUInt16LittleEndian(config.AsSpan(8 + 2 * i), (ushort)table[i]);
        var rest = config.AsSpan(8 + 2 * table.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)queuePairs);
        rest[2] = RssOptions.KeyLength;
        options.Key.Span.CopyTo(rest[3..]);
        return config;
    }
}
