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
/// <param name="AtStart">The one that it gets at the start of the machine; null: the one that the kernel
/// chooses.</param>
/// <param name="IommuGroup">The number of its IOMMU group.</param>
/// <param name="LoadedModules">Kernel modules that were loaded for it.</param>
/// <param name="Warnings">What still stands in the way of using it.</param>
internal sealed record BindingJson(
    string Command, string Address, string? Before, string? After, bool Changed, string? AtStart,
    int? IommuGroup, IReadOnlyList<string> LoadedModules, IReadOnlyList<string> Warnings);

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
/// <param name="AtStart">Pages that are reserved at the start of the machine; null: none that ixy knows of.</param>
internal sealed record ReservationJson(long PageBytes, int? Node, int Wanted, int Reserved, int? AtStart);

/// <summary>What <c>ixy doctor --json</c> prints.</summary>
/// <param name="Command">doctor.</param>
/// <param name="Address">The card that was asked for; null: all.</param>
/// <param name="Ready">Whether <c>ixy fwd</c> would run: the exit code is 0 then.</param>
/// <param name="Machine">What the machine is.</param>
/// <param name="Findings">What that means for the cards.</param>
/// <param name="Devices">The cards, in the order of their addresses.</param>
/// <param name="Warnings">What could not be read, and what was left out for that.</param>
internal sealed record DoctorJson(
    string Command, string? Address, bool Ready, MachineJson Machine, IReadOnlyList<FindingJson> Findings,
    IReadOnlyList<ExaminedCardJson> Devices, IReadOnlyList<string> Warnings);

/// <summary>What the machine is.</summary>
/// <param name="Cores">Cores that are switched on, by number.</param>
/// <param name="AllowedCores">Those that this process may run on.</param>
/// <param name="IsolatedCores">Those that the scheduler leaves alone.</param>
/// <param name="ThreadsPerCore">Above 1 with SMT.</param>
/// <param name="Governors">What chooses their frequencies.</param>
/// <param name="NumaNodes">Memory nodes, by number.</param>
/// <param name="Iommu">off, passthrough, translating or mixed.</param>
/// <param name="RemapsInterrupts">Whether the IOMMU does; null if the kernel does not say.</param>
/// <param name="VfioModules">Of vfio_pci and vfio_iommu_type1, those that are loaded.</param>
/// <param name="Lockdown">none, integrity or confidentiality; null if the kernel does not say.</param>
/// <param name="Root">Whether ixy runs as root.</param>
/// <param name="LockedMemoryLimit">Bytes that it may lock; null: any number.</param>
/// <param name="DmaBytes">Bytes of DMA memory that <c>ixy fwd</c> is taken to need.</param>
/// <param name="HugePages">Of each length and memory node.</param>
internal sealed record MachineJson(
    IReadOnlyList<int> Cores, IReadOnlyList<int> AllowedCores, IReadOnlyList<int> IsolatedCores, int ThreadsPerCore,
    IReadOnlyList<string> Governors, IReadOnlyList<int> NumaNodes, string Iommu, bool? RemapsInterrupts,
    IReadOnlyList<string> VfioModules, string? Lockdown, bool Root, long? LockedMemoryLimit, long DmaBytes,
    IReadOnlyList<PoolJson> HugePages);

/// <summary>What was found about one thing.</summary>
/// <param name="Check">What was looked at.</param>
/// <param name="Verdict">ok, note or problem.</param>
/// <param name="Text">A sentence.</param>
/// <param name="Cure">The shell command that helps; null if none does, or none is needed.</param>
internal sealed record FindingJson(string Check, string Verdict, string Text, string? Cure);

/// <summary>A card that was examined.</summary>
/// <param name="Address">As in 0000:03:00.0.</param>
/// <param name="KernelDriver">The kernel driver that it is bound to.</param>
/// <param name="IxyDriver">ixy's driver for it.</param>
/// <param name="Access">vfio or sysfs: how it is reached, or would be after the cures.</param>
/// <param name="Ready">Whether <c>ixy fwd</c> would run on it.</param>
/// <param name="Findings">What was found.</param>
internal sealed record ExaminedCardJson(
    string Address, string? KernelDriver, string? IxyDriver, string Access, bool Ready,
    IReadOnlyList<FindingJson> Findings);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ListJson))]
[JsonSerializable(typeof(BindingJson))]
[JsonSerializable(typeof(HugePagesJson))]
[JsonSerializable(typeof(DoctorJson))]
internal sealed partial class OperateJsonContext : JsonSerializerContext;
