using System.Text.Json.Serialization;

namespace Ixy.Cli.Output;

/// <summary>What <c>ixy list --json</c> prints.</summary>
/// <param name="Command">list.</param>
/// <param name="Devices">In the order of their addresses.</param>
/// <param name="Warnings">What could not be read, and what was left out for that.</param>
internal sealed record ListJson(string Command, IReadOnlyList<CardJson> Devices, IReadOnlyList<string> Warnings);

/// <summary>A network card. What is not known is null.</summary>
/// <param name="Address">As in 0000:03:00.0.</param>
/// <param name="VendorId">Four hexadecimal digits.</param>
/// <param name="DeviceId">Four hexadecimal digits.</param>
/// <param name="Name">Vendor and device, if the machine has a list of PCI ids.</param>
/// <param name="KernelDriver">The kernel driver that it is bound to.</param>
/// <param name="Interfaces">The kernel's network interfaces of it.</param>
/// <param name="IommuGroup">The number of its IOMMU group.</param>
/// <param name="IommuType">DMA or DMA-FQ: the IOMMU translates for the kernel, so sysfs is no way to the card;
/// identity: it does not.</param>
/// <param name="NumaNode">The memory node it is next to.</param>
/// <param name="IxyDriver">ixy's driver for it.</param>
/// <param name="InUse">Whether <c>ixy bind</c> would refuse it.</param>
/// <param name="Use">Why.</param>
internal sealed record CardJson(
    string Address, string VendorId, string DeviceId, string? Name, string? KernelDriver,
    IReadOnlyList<InterfaceJson> Interfaces,
    int? IommuGroup, string? IommuType, int? NumaNode, string? IxyDriver, bool InUse, string? Use);

/// <summary>A network interface of the kernel.</summary>
internal sealed record InterfaceJson(string Name, string Mac);

/// <summary>What <c>ixy bind --json</c> and <c>ixy unbind --json</c> print.</summary>
/// <param name="Command">bind or unbind.</param>
/// <param name="Address">The card.</param>
/// <param name="Before">The kernel driver that it had; null: none.</param>
/// <param name="After">The one that it has now; null: none.</param>
/// <param name="Changed">Whether these are different.</param>
/// <param name="IommuGroup">The number of its IOMMU group.</param>
/// <param name="LoadedModules">Kernel modules that were loaded for it.</param>
/// <param name="Warnings">What still stands in the way of using it.</param>
internal sealed record BindingJson(
    string Command, string Address, string? Before, string? After, bool Changed, int? IommuGroup,
    IReadOnlyList<string> LoadedModules, IReadOnlyList<string> Warnings);

/// <summary>What <c>ixy hugepages --json</c> prints.</summary>
/// <param name="Command">hugepages.</param>
/// <param name="Pools">Of each length and memory node.</param>
/// <param name="Mounts">Where hugetlbfs is mounted.</param>
/// <param name="Reservation">What --reserve came to; null without it.</param>
internal sealed record HugePagesJson(
    string Command, IReadOnlyList<PoolJson> Pools, IReadOnlyList<MountJson> Mounts, ReservationJson? Reservation);

/// <summary>Huge pages of one length on one memory node.</summary>
internal sealed record PoolJson(long PageBytes, int? Node, int Reserved, int Free);

/// <summary>A place where hugetlbfs is mounted.</summary>
internal sealed record MountJson(string Directory, string Options);

/// <summary>What --reserve came to.</summary>
/// <param name="PageBytes">Bytes of a page.</param>
/// <param name="Node">The memory node; null: all.</param>
/// <param name="Wanted">Pages that were asked for.</param>
/// <param name="Reserved">Pages that there are now.</param>
internal sealed record ReservationJson(long PageBytes, int? Node, int Wanted, int Reserved);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ListJson))]
[JsonSerializable(typeof(BindingJson))]
[JsonSerializable(typeof(HugePagesJson))]
internal sealed partial class OperateJsonContext : JsonSerializerContext;
