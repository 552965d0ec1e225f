using Ixy.Ixgbe;
using Ixy.Vfio;
using Ixy.Virtio;

namespace Ixy.Opening;

// Names of drivers, and messages for functions without one.
internal static partial class Drivers
{
    internal static string? FindName(ushort vendorId, ushort deviceId) =>
        IxgbeDevice.Supports(vendorId, deviceId) ? IxgbeDevice.Driver
        : VirtioDevice.Supports(vendorId, deviceId) ? VirtioDevice.Driver
        : null;

    private static PciDeviceException Unsupported(PciDevice function)
    {
        if (function.VendorId == 0xFFFF) return function.MarkGone("its vendor id reads as ones");
        string id = $"{function.VendorId:x4}:{function.DeviceId:x4}";
        const uint EthernetController = 0x0200;
        return new(function.ClassCode >> 8 == EthernetController
            ? $"{function.Name} ({id}) is a network card without a driver here: supported are Intel 82599, X540 and "
            + "X550, and virtio-net"
            : $"{function.Name} ({id}) is not a network card: its PCI class is {function.ClassCode:x6}, "
            + "expected 0200xx");
    }
}
