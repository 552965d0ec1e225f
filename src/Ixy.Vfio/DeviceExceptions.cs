namespace Ixy.Vfio;

/// <summary>No such PCI function, or no such file or socket behind the specifier.</summary>
public sealed class DeviceNotFoundException(string message) : PciDeviceException(message);

/// <summary>A device specifier has a wrong form or an unknown option; the message names what is allowed.</summary>
public sealed class DeviceSpecifierException(string message, Exception? inner = null)
    : PciDeviceException(message, inner);

/// <summary>The operation needs rights that this process lacks; the message says which and how to get them.</summary>
public sealed class PrivilegeException(string message) : PciDeviceException(message);

/// <summary>A device did not answer in the time its datasheet allows.</summary>
public sealed class DeviceTimeoutException(string message) : PciDeviceException(message);

/// <summary>DMA memory could not be reserved, allocated or mapped for a device.</summary>
public sealed class DmaMemoryException(string message) : PciDeviceException(message);

/// <summary>
/// Huge pages are required (a transport without an IOMMU) and cannot be had; the message says how many and how.
/// </summary>
public sealed class HugePagesRequiredException(string message) : PciDeviceException(message);

/// <summary>
/// The function is behind an IOMMU that translates addresses, so physical ones, which the sysfs transport has, are
/// blocked: use VFIO.
/// </summary>
public sealed class IommuTranslatesException(string message) : PciDeviceException(message);

/// <summary>
/// The device does not offer a feature that the driver, or the user, requires; or it does not accept those that the
/// driver has chosen among what it offers.
/// </summary>
public sealed class FeatureNotOfferedException(string message) : PciDeviceException(message);

/// <summary>
/// The device is lost to this process: it has left the bus, has lost its power, or has to be given back. Dispose it.
/// </summary>
public class DeviceGoneException(string message) : PciDeviceException(message);

/// <summary>
/// The kernel asks for the device back, because somebody unbinds it from vfio-pci or unplugs it, and waits until it is
/// disposed. Until then it may still answer.
/// </summary>
public sealed class DeviceRequestedException(string message) : DeviceGoneException(message);

/// <summary>
/// The device has run into an error from which only a reset helps, or was reset by somebody else: restart it
/// (<c>NetworkDevice.Restart</c>), or open it again.
/// </summary>
public sealed class DeviceNeedsResetException(string message) : PciDeviceException(message);

/// <summary>The device has answered or reported something that its specification does not allow.</summary>
public sealed class DeviceProtocolException(string message) : PciDeviceException(message);
