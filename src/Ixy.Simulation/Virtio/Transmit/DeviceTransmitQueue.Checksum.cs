using System.Runtime.InteropServices;
using Ixy.Simulation.Cards;

namespace Ixy.Simulation.Virtio.Transmit;

// VIRTIO_NET_F_CSUM (virtio 1.2, 5.1.6.2).
internal sealed unsafe partial class DeviceTransmitQueue
{
    private const int NeedsChecksum = 1, ChecksumStart = 6, ChecksumOffset = 8;

    // The frame in memory belongs to the driver, so the sum goes into a copy. False if there is no place for it.
    private bool TryComputeChecksum(byte* header, ref byte* frame, uint length)
    {
        int start = *(ushort*)(header + ChecksumStart), offset = *(ushort*)(header + ChecksumOffset);
        if (start + offset + sizeof(ushort) > length)
        {
            Report(VirtioRule.ChecksumRange, (uint)start << 16 | (uint)offset);
            return false;
        }
        var copy = _gathered.AsSpan(0, (int)length);
        new ReadOnlySpan<byte>(frame, (int)length).CopyTo(copy);
        InternetChecksum.Complete(copy[start..], offset);
        if (FrameChecksum.Check(copy) == SegmentChecksum.Wrong)
            Report(VirtioRule.ChecksumBegun, (uint)start << 16 | (uint)offset);
        frame = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_gathered, 0);
        return true;
    }
}
