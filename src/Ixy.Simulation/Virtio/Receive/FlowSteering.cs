using System.Buffers.Binary;
using Ixy.Simulation.Ixgbe.Receive;

namespace Ixy.Simulation.Virtio.Receive;

/// <summary>
/// Automatic receive steering (virtio 1.2, 5.1.6.5.6.1): a flow is received on the queue that last sent packets of it;
/// a flow for which nothing was sent goes where its hash says.
/// </summary>
internal sealed class FlowSteering
{
    private const ushort VlanEtherType = 0x8100;
    private const uint Unknown = 0;

    // Queue of a flow plus one, by hash: flows that share an entry share a queue.
    private readonly byte[] _queues = new byte[4096];

    /// <summary>A packet of a flow was sent on a queue.</summary>
    internal void Learn(ReadOnlySpan<byte> frame, int queue) =>
        _queues[Hash(frame) % (uint)_queues.Length] = (byte)(queue + 1);

    /// <summary>The queue for a frame, with this many queues in use.</summary>
    internal int Select(ReadOnlySpan<byte> frame, int queues)
    {
        uint hash = Hash(frame), learned = _queues[hash % (uint)_queues.Length];
        return learned != Unknown && learned <= queues ? (int)learned - 1 : (int)(hash % (uint)queues);
    }

    internal void Clear() => Array.Clear(_queues);

    // Of addresses, protocol and ports; the same in both directions. Everything that is not IP is one flow.
    private static uint Hash(ReadOnlySpan<byte> frame)
    {
        PacketHeaders headers = default;
        headers.Parse(frame, VlanEtherType);
        if (headers.L3Start == 0) return 0;
        var addresses = headers.Addresses(frame);
        var source = addresses[..(addresses.Length / 2)];
        ulong hash = Mix(Fold(source), Fold(addresses[source.Length..])) ^ headers.Transport;
        if (headers.Transport != 0)
        {
            var ports = frame[headers.L4Start..];
            hash = Mix(hash, 0)
                + Mix(BinaryPrimitives.ReadUInt16BigEndian(ports), BinaryPrimitives.ReadUInt16BigEndian(ports[2..]));
        }
        return (uint)(hash * 0x9E37_79B9_7F4A_7C15 >> 32);
    }

    private static uint Fold(ReadOnlySpan<byte> address)
    {
        uint folded = 0;
        for (int i = 0; i < address.Length; i += 4)
            folded = uint.RotateLeft(folded, 5) ^ BinaryPrimitives.ReadUInt32BigEndian(address[i..]);
        return folded;
    }

    private static ulong Mix(ulong one, ulong other) =>
        (Math.Min(one, other) * 0xFF51_AFD7_ED55_8CCD) ^ (Math.Max(one, other) * 0xC4CE_B9FE_1A85_EC53);
}
