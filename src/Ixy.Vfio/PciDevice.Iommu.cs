namespace Ixy.Vfio;

// Whether there is an IOMMU between the device and memory, and which addresses the device is given.
public abstract partial class PciDevice
{
    /// <summary>
    /// The address a device uses for DMA equals the process's virtual address. False on transports without an IOMMU,
    /// where <see cref="DmaArena.PhysicalFrames"/> translates.
    /// </summary>
    public virtual bool DeviceAddressIsVirtual => true;

    /// <summary>
    /// The device's DMA goes through an IOMMU that knows only the mapped memory. A device that bypasses it (legacy
    /// virtio) then cannot be driven. False if there is no IOMMU, or only a model of the device.
    /// </summary>
    public virtual bool HasIommu => false;

    /// <summary>
    /// Throws if the addresses given to the device lead nowhere: physical addresses behind an IOMMU that translates.
    /// Drivers call this because a device that bypasses the IOMMU (legacy virtio, or virtio without
    /// VIRTIO_F_ACCESS_PLATFORM) needs exactly those.
    /// </summary>
    /// <exception cref="IommuTranslatesException">They do; the message says how to fix it.</exception>
    public virtual void ThrowIfTranslated()
    {
        // Most transports either have no IOMMU, or tell it the addresses.
    }
}
