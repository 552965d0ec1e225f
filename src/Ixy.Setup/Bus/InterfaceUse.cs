using System.Globalization;
using System.Net.NetworkInformation;

namespace Ixy.Setup.Bus;

/// <summary>What a network interface is used for, and what taking its card away would cut off.</summary>
/// <param name="Interface">Its name; null if it is not visible.</param>
/// <param name="What">As in "carries the default route".</param>
/// <param name="Cure">The command that ends the use.</param>
internal sealed record InterfaceUse(string? Interface, string What, string Cure)
{
    /// <summary>The kernel shows a process only the interfaces of its own network namespace.</summary>
    internal static InterfaceUse Elsewhere { get; } =
        new(null, "is in another network namespace, perhaps a container's",
            "sudo ip -n NAMESPACE link set INTERFACE netns 1");

    public override string ToString() => Interface is null ? What : $"{Interface} {What}";

    /// <summary>The most important use found; null if there is none.</summary>
    /// <param name="directory">The interface's directory in sysfs.</param>
    internal static InterfaceUse? Of(string directory)
    {
        string name = Path.GetFileName(directory);
        return (RoutingTables.DefaultRouteThrough(name) ?? AddressOf(name)
            ?? RoutingTables.RouteThrough(name)) is { } what
            ? new(name, what, $"sudo ip address flush dev {name}; sudo ip link set {name} down")
            : MasterOf(directory, name) ?? InterfaceOnTopOf(directory, name) ?? StateOf(directory, name);
    }

    // Even if the interface is down: someone has configured it and will want it back.
    private static string? AddressOf(string name)
    {
        var addresses = NetworkInterface.GetAllNetworkInterfaces().Where(network => network.Name == name)
            .SelectMany(network => network.GetIPProperties().UnicastAddresses);
        return addresses.FirstOrDefault() is { Address: var address } ? $"has the address {address}" : null;
    }

    // A bridge, a bond, a team or a virtual router (kernel documentation, ABI/testing/sysfs-class-net).
    private static InterfaceUse? MasterOf(string directory, string name) =>
        new FileInfo(Path.Combine(directory, "master")).LinkTarget is { } master
            ? new(name, $"is a port of {Path.GetFileName(master)}", $"sudo ip link set {name} nomaster")
            : null;

    private static InterfaceUse? InterfaceOnTopOf(string directory, string name)
    {
        const string Prefix = "upper_";
        string? link = Directory.EnumerateFileSystemEntries(directory, $"{Prefix}*").Order(StringComparer.Ordinal)
            .FirstOrDefault();
        if (link is null) return null;
        string upper = Path.GetFileName(link)[Prefix.Length..];
        return new(name, $"is below {upper}", $"sudo ip link delete {upper}");
    }

    private static InterfaceUse? StateOf(string directory, string name)
    {
        const int Up = 1; // IFF_UP
        string flags = File.ReadAllText(Path.Combine(directory, "flags")).Trim();
        return (Convert.ToInt32(flags, 16) & Up) != 0 ? new(name, "is up", $"sudo ip link set {name} down") : null;
    }
}

/// <summary>The main routing tables of both protocols (proc(5)).</summary>
internal static class RoutingTables
{
    // One route per line. IPv4: interface, destination, gateway, flags, …, mask. IPv6: destination, its prefix length,
    // …, flags, interface.
    private const string V4 = "/proc/net/route", V6 = "/proc/net/ipv6_route";

    internal static string? DefaultRouteThrough(string name)
    {
        bool isDefault = Lines(V4, "\t")
            .Any(fields => fields[0] == name && fields[1] == "00000000" && fields[7] == "00000000")
            || Lines(V6, " ")
            .Any(fields => fields[^1] == name && fields[0].Trim('0').Length == 0 && fields[1] == "00"
            && !IsRefusal(fields[^2]));
        return isDefault ? "carries the default route" : null;
    }

    // The kernel's own IPv6 routes come and go with addresses, so the IPv4 routes show what was configured.
    internal static string? RouteThrough(string name)
    {
        string[]? route = Lines(V4, "\t").FirstOrDefault(fields => fields[0] == name);
        if (route is null) return null;
        uint destination = uint.Parse(route[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return $"carries the route to {new System.Net.IPAddress(destination)}";
    }

    // The kernel's catch-all reject route, through the loopback interface.
    private static bool IsRefusal(string flags)
    {
        const uint Reject = 0x200; // RTF_REJECT
        return (uint.Parse(flags, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) & Reject) != 0;
    }

    private static IEnumerable<string[]> Lines(string table, string separator) => !File.Exists(table) ? [] :
        File.ReadLines(table)
            .Select(line =>
            line.Split(separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
