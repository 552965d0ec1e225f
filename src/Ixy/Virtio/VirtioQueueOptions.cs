using static Ixy.Virtio.VirtioConstants;

namespace Ixy.Virtio;

/// <summary>What a queue needs to know: the user's options, and what was negotiated with the device.</summary>
/// <param name="Device">The user's options.</param>
/// <param name="Features">Accepted by both sides.</param>
/// <param name="LongestToSend">Bytes of the longest frame the device takes, not counting a VLAN tag; at most the
/// user's.</param>
internal sealed record VirtioQueueOptions(NetworkDeviceOptions Device, VirtioFeatures Features, int LongestToSend)
{
    /// <summary>The device may spread a frame over several receive buffers (5.1.6.3.1).</summary>
    internal bool MergesBuffers => Has(VirtioFeatures.MergeableBuffers);

    internal bool EventIndex => Has(VirtioFeatures.EventIndex);

    internal bool Packed => Has(VirtioFeatures.RingPacked);

    /// <summary>Bytes in front of each frame (5.1.6.1).</summary>
    internal uint HeaderLength =>
        (uint)(Has(VirtioFeatures.Version1) || MergesBuffers ? VirtioConstants.HeaderLength : ShortHeaderLength);

    private bool Has(VirtioFeatures feature) => (Features & feature) != 0;
}
