namespace Ixy.Vfio;

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

/// <summary>The device has run into an error from which only a reset helps: open it again.</summary>
public sealed class DeviceNeedsResetException(string message) : PciDeviceException(message);

/// <summary>The device has answered or reported something that its specification does not allow.</summary>
public sealed class DeviceProtocolException(string message) : PciDeviceException(message);
