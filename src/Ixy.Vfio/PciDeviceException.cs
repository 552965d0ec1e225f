namespace Ixy.Vfio;

/// <summary>
/// A PCI function could not be opened or used. The message says what was found, what was expected, and the cure.
/// </summary>
public class PciDeviceException(string message, Exception? inner = null) : Exception(message, inner);

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
