using Ixy.Virtio;

namespace Ixy.Simulation.Virtio;

/// <summary>How one simulated virtio-net card differs from another.</summary>
internal sealed record VirtioCardOptions
{
    internal const int MostQueuePairs = 32, LargestQueue = 32768;

    /// <summary>
    /// The interface of virtio 0.9.5: an I/O BAR, 32 feature bits, split rings at page numbers (4.1.4.10).
    /// </summary>
    internal bool IsLegacy { get; init; }

    /// <summary>Packed rings are offered; a driver may still choose split ones.</summary>
    internal bool IsPacked { get; init; }

    /// <summary>Pairs of receive and transmit queues; the control queue comes on top.</summary>
    internal int QueuePairs { get; init; } = 1;

    /// <summary>Descriptors of each queue, at most: a power of two, except with packed rings.</summary>
    internal int QueueSize { get; init; } = 256;

    /// <summary>The MAC address, first byte on the wire in bits 47–40.</summary>
    internal ulong MacAddress { get; init; } = 0x02_00_00_10_41_00;

    /// <summary>Bytes of the largest packet, not counting the Ethernet header; 0 if the card does not say.</summary>
    internal int Mtu { get; init; }

    /// <summary>
    /// Computes checksums of what is sent, and confirms those of what is received: offers CSUM and GUEST_CSUM. On by
    /// default, like QEMU's card, because some drivers require both.
    /// </summary>
    internal bool HasChecksums { get; init; } = true;

    /// <summary>From the write of 0 to the status until the device is reset, in nanoseconds (2.4).</summary>
    internal long ResetDuration { get; init; }

    /// <summary>The seed for random choices where the specification leaves one; null for the usual choice.</summary>
    internal ulong? PerverseSeed { get; init; }

    /// <summary>Features that are not offered (see <see cref="CardFeatures"/>).</summary>
    internal VirtioFeatures Withheld { get; init; }

    /// <summary>Index of the control queue if all queue pairs are negotiated.</summary>
    internal int LastQueue => 2 * QueuePairs;
}
