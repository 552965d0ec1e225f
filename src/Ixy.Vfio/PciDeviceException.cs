namespace Ixy.Vfio;

/// <summary>
/// A PCI function could not be opened or used. The message says what was found, what was expected, and how to fix it.
/// </summary>
public class PciDeviceException(string message, Exception? inner = null) : Exception(message, inner);
