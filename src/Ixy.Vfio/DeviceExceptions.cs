namespace Ixy.Vfio;

/// <summary>There is no such PCI function, or no such file or socket for the specifier.</summary>
public sealed class DeviceNotFoundException(string message) : PciDeviceException(message);

/// <summary>A device specifier is malformed or has an unknown option; the message says what is allowed.</summary>
public sealed class DeviceSpecifierException(string message, Exception? inner = null)
    : PciDeviceException(message, inner);

/// <summary>
/// The operation needs privileges that this process lacks; the message says which and how to get them.
/// </summary>
public sealed class PrivilegeException(string message) : PciDeviceException(message);

/// <summary>A device did not answer within the time its datasheet allows.</summary>
public sealed class DeviceTimeoutException(string message) : PciDeviceException(message);

/// <summary>DMA memory could not be reserved, allocated or mapped for a device.</summary>
public sealed class DmaMemoryException(string message) : PciDeviceException(message);

/// <summary>
/// Huge pages are required (the transport has no IOMMU) but not available; the message says how many, and how to
/// reserve them.
/// </summary>
public sealed class HugePagesRequiredException(string message) : PciDeviceException(message);

/// <summary>
/// The function is behind an IOMMU that translates addresses. It blocks the physical addresses that the sysfs transport
/// uses: use VFIO.
/// </summary>
public sealed class IommuTranslatesException(string message) : PciDeviceException(message);

/// <summary>
/// The device does not offer a feature that the driver or the user requires, or it rejects the driver's choice of
/// features.
/// </summary>
public sealed class FeatureNotOfferedException(string message) : PciDeviceException(message);

/// <summary>
/// The device is lost to this process: it has left the bus, has lost its power, or must be given back. Dispose it.
/// </summary>
public class DeviceGoneException(string message) : PciDeviceException(message);

/// <summary>
/// The kernel wants the device back, because it is being unbound from vfio-pci or unplugged, and waits until it is
/// disposed; or its vfio-user server or simulated host does. Until then the device may still answer.
/// </summary>
public sealed class DeviceRequestedException(string message) : DeviceGoneException(message);

/// <summary>
/// The device has met an error that only a reset can clear, or was reset by something else: restart it
/// (<c>NetworkDevice.Restart</c>), or open it again.
/// </summary>
public sealed class DeviceNeedsResetException(string message) : PciDeviceException(message);

/// <summary>The device answered or reported something that its specification does not allow.</summary>
public sealed class DeviceProtocolException(string message) : PciDeviceException(message);
