using Ixy.Vfio;

namespace Ixy.Setup;

/// <summary>
/// The function's network interface is in use: it has an address, carries a route, is part of a bridge or a bond, has
/// other interfaces on top of it, is up, or is in another network namespace.
/// </summary>
public sealed class InterfaceInUseException(string message, string networkInterface) : PciDeviceException(message)
{
    /// <summary>Its name, e.g. <c>eth0</c>.</summary>
    public string Interface { get; } = networkInterface;
}
