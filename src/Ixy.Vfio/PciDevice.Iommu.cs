namespace Ixy.Vfio;

// Whether an IOMMU stands between the device and memory, and which addresses the device is given.
public abstract partial class PciDevice
{
    /// <summary>
    /// The address a device uses for DMA equals the process's virtual address. False on transports without an IOMMU,
    /// where <see cref="DmaArena.PhysicalFrames"/> translates.
    /// </summary>
    public virtual bool DeviceAddressIsVirtual => true;

    /// <summary>
    /// What the device does by DMA goes through an IOMMU that knows nothing but the mapped memory. A device that goes
    /// around it (legacy virtio) cannot be driven then. False where there is none, or only the model of a device.
    /// </summary>
    public virtual bool HasIommu => false;

    /// <summary>
    /// Throws where the addresses that the device is given lead nowhere: physical ones, behind an IOMMU that
    /// translates. Drivers ask, as a device that goes around the IOMMU (legacy virtio, or virtio without
    /// VIRTIO_F_ACCESS_PLATFORM) needs just these.
    /// </summary>
    /// <exception cref="IommuTranslatesException">They do; the message says what helps.</exception>
    public virtual void ThrowIfTranslated()
    {
        // Most transports have no IOMMU, or tell it the addresses.
    }
}
