using System.Runtime.CompilerServices;
using Ixy.Simulation.Virtio.Rings;
using Ixy.Virtio;

namespace Ixy.Simulation.Virtio.Transmit;

/// <summary>
/// A transmit queue: every buffer is a header and a frame, in as many pieces as the driver likes (virtio 1.2, 5.1.6.2).
/// </summary>
internal sealed unsafe partial class DeviceTransmitQueue(VirtioCard card, DeviceVirtqueue queue, int pair)
{
    private const uint LongHeader = 12, ShortHeader = 10, EthernetHeader = 14, VlanTag = 4;
    private const int LongestPacket = 65_550 + (int)LongHeader;

    private readonly BufferChain _chain = new();
    private readonly byte[] _gathered = GC.AllocateArray<byte>(LongestPacket, pinned: true);
    private uint _header, _longest;
    private bool _splitsHeader, _computesChecksums;

    internal void Start()
    {
        var control = card.Control;
        // 5.1.6: the modern header always has num_buffers.
        bool isLong = control.HasFeature(VirtioFeatures.Version1)
            || control.HasFeature(VirtioFeatures.MergeableBuffers);
        _header = isLong ? LongHeader : ShortHeader;
        _longest = control.HasFeature(VirtioFeatures.Mtu) ? (uint)card.Options.Mtu + EthernetHeader + VlanTag
            : LongestPacket - LongHeader;
        _splitsHeader = card.Options.IsLegacy && !control.HasFeature(VirtioFeatures.AnyLayout);
        _computesChecksums = control.HasFeature(VirtioFeatures.Checksum);
        _chain.Reserve(card.Options.QueueSize);
    }

    /// <summary>Sends up to this many packets; returns how many there were.</summary>
    internal int Process(long now, int budget)
    {
        queue.LookAtDoorbell();
        if (!queue.BeginTurn(now)) return 0;
        var ring = queue.Ring;
        int done = 0;
        while (done < budget && ring.TryTake(_chain))
        {
            Send(now);
            ring.Use(_chain, 0);
            done++;
        }
        if (done == 0)
        {
            queue.GrowTired(now);
            return 0;
        }
        queue.EndTurn();
        queue.StayAwake(now);
        return done;
    }

    // Header and frame in one piece, or the header in one and the frame in another: these need no copy.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Send(long now)
    {
        ref var first = ref _chain[0];
        if (_chain.Count == 1 && _chain.Readable == 1 && first.Length >= _header + EthernetHeader && !_splitsHeader)
        {
            Send(first.Memory, first.Memory + _header, first.Length - _header, now);
            return;
        }
        if (_chain.Count == 2 && _chain.Readable == 2 && first.Length == _header && _chain[1].Length >= EthernetHeader)
        {
            Send(first.Memory, _chain[1].Memory, _chain[1].Length, now);
            return;
        }
        SendGathered(now);
    }

    private void Send(byte* header, byte* frame, uint length, long now)
    {
        // 5.1.6.2.1: flags and gso_type, num_buffers.
        bool needsChecksum = _computesChecksums && *(ushort*)header == NeedsChecksum;
        if ((*(ushort*)header != 0 && !needsChecksum) || (_header == LongHeader && *(ushort*)(header + 10) != 0))
            Report(VirtioRule.HeaderFields, *(uint*)header);
        if (length > _longest)
        {
            Report(VirtioRule.PacketTooLong, length);
            return;
        }
        // A port without a link takes what it is given and drops it.
        if (!card.Net.IsLinkUp) return;
        if (needsChecksum && !TryComputeChecksum(header, ref frame, length)) return;
        var packet = new ReadOnlySpan<byte>(frame, (int)length);
        if (card.Pairs > 1) card.Steering.Learn(packet, pair);
        card.Wire.Send(packet, now);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SendGathered(long now)
    {
        if (_chain.Count > _chain.Readable) Report(VirtioRule.TransmitWritable, _chain.WritableLength);
        if (_splitsHeader && _chain[0].Length != _header) Report(VirtioRule.HeaderLayout, _chain[0].Length);
        if (!_chain.TryRead(_gathered, out int length)) Report(VirtioRule.PacketTooLong, _chain.ReadableLength);
        else if (length < _header + EthernetHeader) Report(VirtioRule.HeaderShort, (ulong)length);
        else SendGathered((uint)length, now);
    }

    private void SendGathered(uint length, long now)
    {
        fixed (byte* packet = _gathered) Send(packet, packet + _header, length - _header, now);
    }

    private void Report(VirtioRule rule, ulong value) => card.Report(rule, $"queue {queue.Index}", value);
}
