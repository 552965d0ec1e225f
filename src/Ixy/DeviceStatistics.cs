namespace Ixy;

/// <summary>
/// Link state, and speed in Mbit/s: 100, 1,000 or 10,000, on an X550 also 2,500 or 5,000, on virtio-net what the device
/// says; 0 while it is down, or if the card does not say.
/// </summary>
public readonly record struct LinkStatus(bool IsUp, int SpeedMbps);

/// <summary>
/// What a device has counted since it was opened. Bytes are without the FCS, as sizes are everywhere in this library.
/// </summary>
public readonly record struct DeviceStatistics
{
    /// <summary>
    /// Good packets that the card wrote to memory; of these the driver may have dropped some (<see cref="RxDropped"/>).
    /// </summary>
    public long RxPackets { get; init; }

    /// <summary>Their bytes.</summary>
    public long RxBytes { get; init; }

    /// <summary>Packets sent; on virtio-net, which counts nothing itself, those given to the device.</summary>
    public long TxPackets { get; init; }

    /// <summary>Their bytes.</summary>
    public long TxBytes { get; init; }

    /// <summary>
    /// Packets the card missed for lack of room in its packet buffer, or of descriptors in a queue. Always 0 on
    /// virtio-net: the device does not say.
    /// </summary>
    public long RxMissed { get; init; }

    /// <summary>Frames with a wrong FCS.</summary>
    public long RxCrcErrors { get; init; }

    /// <summary>Frames whose length field contradicts their length, and frames too long or too short.</summary>
    public long RxLengthErrors { get; init; }

    /// <summary>Frames the driver dropped: no buffer in the pool, or the frame is too long for one.</summary>
    public long RxDropped { get; init; }

    /// <summary>
    /// Packets that <see cref="TransmitQueue.TransmitOrDrop"/> dropped, as the device cannot send them.
    /// </summary>
    public long TxDropped { get; init; }
}
