using Ixy.Vfio;
using static Ixy.Virtio.VirtioConstants;
using static Ixy.Virtio.VirtioRegisters;

namespace Ixy.Virtio;

/// <summary>
/// How the driver reaches a virtio device on the PCI bus (4.1): through the modern interface, or that of version 0.9.5.
/// </summary>
internal abstract class VirtioTransport(PciDevice device)
{
    /// <summary>The device status (2.1). Writing 0 resets the device; see <see cref="TryReset"/>.</summary>
    internal abstract byte Status { get; set; }

    /// <summary>Offers only the features and registers of version 0.9.5.</summary>
    internal abstract bool IsLegacy { get; }

    protected PciDevice Device { get; } = device;

    /// <summary>Finds out which of the two a card has. A transitional card that has both is driven as modern.</summary>
    /// <exception cref="PciDeviceException">Neither.</exception>
    internal static VirtioTransport Open(PciDevice device)
    {
        var modern = ModernTransport.TryOpen(device);
        if (modern is not null) return modern;
        return device.DeviceId == TransitionalNetworkCard
            ? new LegacyTransport(device)
            : throw new PciDeviceException(
                $"{device.Name}: a modern virtio card has capabilities for its common, notify and device configuration " +
                "(virtio 1.2, 4.1.4), and this one lacks some: expected vendor-specific capabilities with cfg_type 1, "
                + "2 and 4");
    }

    internal abstract VirtioFeatures ReadFeatures();

    internal abstract void WriteFeatures(VirtioFeatures features);

    /// <summary>Reads a field of the device configuration (5.1.4), of 1, 2 or 4 bytes.</summary>
    internal abstract uint ReadConfig(uint offset, int size);

    /// <summary>Writes a byte of the device configuration; only legacy devices take it.</summary>
    internal abstract void WriteConfig(uint offset, byte value);

    /// <summary>The six bytes of the device's address, read consistently.</summary>
    /// <exception cref="DeviceTimeoutException">It keeps changing.</exception>
    internal MacAddress ReadMacAddress()
    {
        MacAddress address = default;
        if (Device.WaitUntil(() => TryReadMacAddress(out address), TimeSpan.FromSeconds(1))) return address;
        throw new DeviceTimeoutException(
            $"{Device.Name}: the configuration of the device changed during each read for 1000 ms: expected an address "
            + "that stays (virtio 1.2, 2.5.3)");
    }

    /// <summary>False if the configuration changed meanwhile.</summary>
    protected abstract bool TryReadMacAddress(out MacAddress address);

    /// <summary>How many descriptors a queue should have; 0 if the device has no such queue.</summary>
    internal abstract int ChooseQueueSize(ushort index, int wanted);

    /// <summary>The register that notifies the device of new buffers in a queue (4.1.5.2).</summary>
    internal abstract VirtioDoorbell OpenDoorbell(ushort index);

    /// <summary>Tells the device where a queue is, and enables it (4.1.5.1.3).</summary>
    internal abstract void Enable(Virtqueue queue);

    /// <summary>
    /// Gives a queue that is not enabled yet an interrupt vector (4.1.5.1.2): a device without room for it reports "no
    /// vector".
    /// </summary>
    /// <exception cref="InterruptsNotSupportedException">It has no room.</exception>
    internal void ConnectVector(ushort index, ushort vector)
    {
        ushort accepted = WriteQueueVector(index, vector);
        if (accepted != vector)
            throw new InterruptsNotSupportedException(
                $"{Device.Name} did not take interrupt vector {vector} for queue {index}: its queue_msix_vector reads "
                + $"0x{accepted:x4}, expected {vector} " +
                $"{(accepted == NoVector ? "(0xffff is VIRTIO_MSI_NO_VECTOR: it is out of resources; " : "(")}virtio "
                + "1.2, 4.1.5.1.2): poll instead");
    }

    /// <summary>Resets the device, and waits until it is done (4.1.4.3.2); false if it does not answer.</summary>
    internal bool TryReset()
    {
        Status = 0;
        return Device.WaitUntil(() => Status == 0, TimeSpan.FromSeconds(1));
    }

    /// <summary>The offset of a field of the device configuration, if that has so many bytes.</summary>
    /// <exception cref="DeviceProtocolException">It ends before.</exception>
    protected uint RequireField(uint offset, int size, uint length)
    {
        if (offset + (uint)size <= length) return offset;
        throw new DeviceProtocolException(
            $"{Device.Name}: its device configuration has {length} bytes, and lacks the field of {size} bytes at "
            + $"{offset}, which its features promise (virtio 1.2, 5.1.4)");
    }

    /// <summary>Writes a queue's vector, and reads it back.</summary>
    protected abstract ushort WriteQueueVector(ushort index, ushort vector);

    protected MacAddress ReadMacBytes()
    {
        ulong value = 0;
        for (uint i = 0; i < 6; i++) value = value << 8 | ReadConfig(Net.Mac + i, 1);
        return new(value);
    }
}
