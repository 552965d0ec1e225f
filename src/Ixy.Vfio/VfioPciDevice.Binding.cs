namespace Ixy.Vfio;

public sealed unsafe partial class VfioPciDevice
{
    /// <summary>Whether the function at an address is bound to vfio-pci, and so belongs to this transport.</summary>
    /// <exception cref="DeviceNotFoundException">There is no function at this address.</exception>
    public static bool IsBound(PciAddress address) =>
        new SysfsFunction(SysfsFunction.Root, address.ToString()).IsBoundToVfio;
}
