using Ixy.Vfio;

namespace Ixy.Virtio;

// Whether the device can reach our memory.
public sealed partial class VirtioDevice
{
    /// <summary>Checks that it can, without setting the device up.</summary>
    /// <exception cref="PciDeviceException">It cannot; the message says how to fix it.</exception>
    internal static void CheckMemoryAccess(PciDevice device)
    {
        device.WakeUp();
        StopDma(device);
        RequireReachableMemory(device, VirtioTransport.Open(device));
    }

    // A killed process leaves the device running. Until it is reset it must not reach memory, which may belong to
    // something else by now, and nothing would answer its interrupts.
    private static void StopDma(PciDevice device)
    {
        const uint Decode = 3, BusMaster = 1 << 2, InterruptsOff = 1 << 10;
        uint command = device.ReadConfig(PciConfig.Command, 2) & ~BusMaster;
        device.WriteConfig(PciConfig.Command, command | Decode | InterruptsOff, 2);
    }

    // Design section 6: a device without ACCESS_PLATFORM takes addresses as physical and bypasses the IOMMU. So it is
    // refused if our addresses are virtual; and a device with ACCESS_PLATFORM is refused if they are physical and the
    // IOMMU does not know them.
    private static void RequireReachableMemory(PciDevice device, VirtioTransport transport)
    {
        bool obeysIommu = !transport.IsLegacy && (transport.ReadFeatures() & VirtioFeatures.AccessPlatform) != 0;
        if (obeysIommu) device.ThrowIfTranslated();
        else if (device.HasIommu) throw BypassesIommu(device.Name, transport.IsLegacy);
    }

    private static FeatureNotOfferedException BypassesIommu(string name, bool isLegacy)
    {
        const string Cure = "start QEMU with '-device virtio-net-pci,disable-legacy=on,iommu_platform=on'";
        return new(isLegacy
            ? $"{name} is a legacy virtio device, whose DMA goes around the IOMMU that VFIO relies on: {Cure}, or bind "
            + "it to no driver and use it as root"
            : $"{name} does not offer VIRTIO_F_ACCESS_PLATFORM, so its DMA goes around the IOMMU that VFIO relies on "
            + $"(virtio 1.2, 6.1): {Cure}, "
                + "or bind it to no driver and use it as root");
    }
}
