using System.Globalization;
using System.Net.NetworkInformation;

namespace Ixy.Vfio.Sysfs;

/// <summary>Takes a function from its kernel driver.</summary>
internal static class KernelDriver
{
    /// <summary>Unbinds the driver as far as the policy allows; does nothing where there is none.</summary>
    /// <exception cref="InterfaceInUseException">A network interface of the function is in use.</exception>
    /// <exception cref="PciDeviceException">The policy is to leave it alone, or the kernel refused.</exception>
    internal static void Release(SysfsFunction function, KernelDriverPolicy policy)
    {
        if (function.Driver is not { } driver) return;
        string command = $"echo {function.Name} | sudo tee {function.Directory}/driver/unbind";
        if (policy == KernelDriverPolicy.Refuse)
            throw new PciDeviceException($"{function.Name} is held by the kernel driver {driver}: release it with '{command}'");
        if (policy == KernelDriverPolicy.UnbindIfUnused) RefuseInterfaceInUse(function, command);
        try
        {
            File.WriteAllText(Path.Combine(function.Directory, "driver", "unbind"), function.Name);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PciDeviceException($"{function.Name} cannot be taken from the kernel driver {driver}: {error.Message}", error);
        }
    }

    private static void RefuseInterfaceInUse(SysfsFunction function, string command)
    {
        foreach (string directory in function.NetworkInterfaces())
        {
            string name = Path.GetFileName(directory);
            if ((UseOf(directory, name) ?? RouteThrough(name)) is not { } use) continue;
            throw new InterfaceInUseException(
                $"{function.Name} is the network interface {name}, which {use}, so unbinding its driver would cut connections: " +
                $"take it down with 'sudo ip address flush dev {name}; sudo ip link set {name} down', or, if it may go, '{command}'", name);
        }
    }

    private static string? UseOf(string directory, string name)
    {
        const int Up = 1; // IFF_UP
        string flags = File.ReadAllText(Path.Combine(directory, "flags")).Trim();
        if ((Convert.ToInt32(flags, 16) & Up) == 0) return null;
        var addresses = NetworkInterface.GetAllNetworkInterfaces().Where(network => network.Name == name)
            .SelectMany(network => network.GetIPProperties().UnicastAddresses);
        return addresses.FirstOrDefault() is { Address: var address } ? $"is up with the address {address}" : null;
    }

    // One route a line: interface, destination, … in hexadecimal (proc(5)). The kernel's own routes of IPv6 come and go
    // with addresses, so those of IPv4 tell what somebody has set up.
    private static string? RouteThrough(string name)
    {
        const string Table = "/proc/net/route";
        if (!File.Exists(Table)) return null;
        string[]? route = File.ReadLines(Table).Select(line => line.Split('\t')).FirstOrDefault(fields => fields[0] == name);
        if (route is null) return null;
        uint destination = uint.Parse(route[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return $"carries the route to {new System.Net.IPAddress(destination)}";
    }
}
