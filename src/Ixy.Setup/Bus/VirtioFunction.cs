using Ixy.Vfio;

namespace Ixy.Setup.Bus;

/// <summary>A virtio function, whose DMA may bypass the IOMMU (virtio 1.2, 6.1).</summary>
internal static class VirtioFunction
{
    private const ushort Vendor = 0x1AF4, LastTransitional = 0x103F;
    private const int AccessPlatform = 33; // the bit of VIRTIO_F_ACCESS_PLATFORM

    internal static bool IsOne(SysfsFunction function) => function.VendorId == Vendor;

    /// <summary>Whether it does; false for any other function; null if only its driver can ask it.</summary>
    internal static bool? BypassesIommu(SysfsFunction function) =>
        !IsOne(function) ? false
        : FeaturesOf(function) is { } features ? features.ElementAtOrDefault(AccessPlatform) != '1'
        : IsLegacy(function) ? true : null;

    // The features the kernel's driver negotiated, one digit per bit; they include this one whenever it is offered.
    private static string? FeaturesOf(SysfsFunction function) =>
        System.IO.Directory.GetDirectories(function.Directory, "virtio*")
            .Select(device => Path.Combine(device, "features")).Where(File.Exists).Select(File.ReadAllText)
            .FirstOrDefault();

    // A modern device has a capability for its common configuration (4.1.4). Only root sees capabilities.
    private static bool IsLegacy(SysfsFunction function)
    {
        const int Status = 0x06, HasCapabilities = 1 << 4, First = 0x34, ConfigLength = 256;
        const int VendorSpecific = 0x09, CommonConfiguration = 1;
        if (function.DeviceId > LastTransitional) return false;
        byte[] config = File.ReadAllBytes(Path.Combine(function.Directory, "config"));
        if (config.Length < ConfigLength) return false;
        int place = (config[Status] & HasCapabilities) == 0 ? 0 : config[First];
        for (int count = 0; place is > 0 and < ConfigLength - 4 && count < ConfigLength / 4; count++)
        {
            if (config[place] == VendorSpecific && config[place + 3] == CommonConfiguration) return false;
            place = config[place + 1];
        }
        return true;
    }
}
