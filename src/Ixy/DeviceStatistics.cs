namespace Ixy;

/// <summary>
/// Link state, and speed in Mbit/s: 100, 1,000 or 10,000, on an X550 also 2,500 or 5,000, on virtio-net whatever the
/// device says; 0 while it is down, or if the card does not say.
/// </summary>
/// <param name="IsUp">The link is up.</param>
/// <param name="SpeedMbps">Its speed in Mbit/s.</param>
public readonly record struct LinkStatus(bool IsUp, int SpeedMbps);

/// <summary>
/// What a device has counted since it was opened. Bytes are without the FCS, like all sizes in this library.
/// </summary>
/// <param name="RxPackets">Good packets that the card wrote to memory; the driver may have dropped some of these
/// (<paramref name="RxDropped"/>).</param>
/// <param name="RxBytes">Their bytes.</param>
/// <param name="TxPackets">Packets sent; on virtio-net, which has no counters, packets given to the device.</param>
/// <param name="TxBytes">Their bytes.</param>
/// <param name="RxMissed">Packets the card missed for lack of room in its packet buffer, or of descriptors in a queue.
/// Always 0 on virtio-net, because the device does not say.</param>
/// <param name="RxCrcErrors">Frames with a wrong FCS.</param>
/// <param name="RxLengthErrors">Frames whose length field contradicts their length, and frames too long or too
/// short.</param>
/// <param name="RxDropped">Frames the driver dropped: no buffer in the pool, or the frame is too long for one.</param>
/// <param name="TxDropped">Packets that <see cref="TransmitQueue.TransmitOrDrop"/> dropped because the device cannot
/// send them.</param>
public readonly record struct DeviceStatistics(long RxPackets, long RxBytes, long TxPackets, long TxBytes,
    long RxMissed, long RxCrcErrors, long RxLengthErrors, long RxDropped, long TxDropped);
