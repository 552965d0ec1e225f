using System.Text.Json.Serialization;

namespace Ixy.Cli.Output;

/// <summary>What <c>ixy list --json</c> prints.</summary>
/// <param name="Command">list.</param>
/// <param name="Devices">In the order of their addresses.</param>
/// <param name="Warnings">What could not be read, and what was omitted because of that.</param>
internal sealed record ListJson(string Command, IReadOnlyList<CardJson> Devices, IReadOnlyList<string> Warnings);

/// <summary>A network card. Unknown values are null.</summary>
/// <param name="Address">As in 0000:03:00.0.</param>
/// <param name="VendorId">Four hexadecimal digits.</param>
/// <param name="DeviceId">Four hexadecimal digits.</param>
/// <param name="Name">Vendor and device, if the machine has a list of PCI ids.</param>
/// <param name="KernelDriver">The kernel driver it is bound to.</param>
/// <param name="Interfaces">Its kernel network interfaces.</param>
/// <param name="IommuGroup">The number of its IOMMU group.</param>
/// <param name="IommuType">DMA or DMA-FQ: the IOMMU translates for the kernel, so the card cannot be used through
/// sysfs; identity: it does not.</param>
/// <param name="NumaNode">The nearest memory node.</param>
/// <param name="IxyDriver">ixy's driver for it.</param>
/// <param name="InUse">Whether <c>ixy bind</c> would refuse it.</param>
/// <param name="Use">Why.</param>
internal sealed record CardJson(
    string Address, string VendorId, string DeviceId, string? Name, string? KernelDriver,
    IReadOnlyList<InterfaceJson> Interfaces,
    int? IommuGroup, string? IommuType, int? NumaNode, string? IxyDriver, bool InUse, string? Use);

/// <summary>A kernel network interface.</summary>
internal sealed record InterfaceJson(string Name, string Mac);

/// <summary>What <c>ixy bind --json</c> and <c>ixy unbind --json</c> print.</summary>
/// <param name="Command">bind or unbind.</param>
/// <param name="Address">The card.</param>
/// <param name="Before">The kernel driver it had; null for none.</param>
/// <param name="After">The kernel driver it has now; null for none.</param>
/// <param name="Changed">Whether they differ.</param>
/// <param name="AtStart">The driver it gets at start-up; null: the one the kernel chooses.</param>
/// <param name="IommuGroup">The number of its IOMMU group.</param>
/// <param name="LoadedModules">Kernel modules that were loaded for it.</param>
/// <param name="Warnings">What still prevents its use.</param>
internal sealed record BindingJson(
    string Command, string Address, string? Before, string? After, bool Changed, string? AtStart,
    int? IommuGroup, IReadOnlyList<string> LoadedModules, IReadOnlyList<string> Warnings);

/// <summary>What <c>ixy hugepages --json</c> prints.</summary>
/// <param name="Command">hugepages.</param>
/// <param name="Pools">For each size and memory node.</param>
/// <param name="Mounts">Where hugetlbfs is mounted.</param>
/// <param name="Reservation">The result of --reserve; null without it.</param>
internal sealed record HugePagesJson(
    string Command, IReadOnlyList<PoolJson> Pools, IReadOnlyList<MountJson> Mounts, ReservationJson? Reservation);

/// <summary>Huge pages of one size on one memory node.</summary>
internal sealed record PoolJson(long PageBytes, int? Node, int Reserved, int Free);

/// <summary>A hugetlbfs mount.</summary>
internal sealed record MountJson(string Directory, string Options);

/// <summary>The result of --reserve.</summary>
/// <param name="PageBytes">Bytes of a page.</param>
/// <param name="Node">The memory node; null: all.</param>
/// <param name="Wanted">Pages requested.</param>
/// <param name="Reserved">Pages there are now.</param>
/// <param name="AtStart">Pages reserved at start-up; null: none that ixy knows of.</param>
internal sealed record ReservationJson(long PageBytes, int? Node, int Wanted, int Reserved, int? AtStart);

/// <summary>What <c>ixy doctor --json</c> prints.</summary>
/// <param name="Command">doctor.</param>
/// <param name="Address">The requested card; null for all.</param>
/// <param name="Ready">Whether <c>ixy fwd</c> would run: if so, the exit code is 0.</param>
/// <param name="Machine">Facts about the machine.</param>
/// <param name="Findings">What they mean for the cards.</param>
/// <param name="Devices">The cards, in the order of their addresses.</param>
/// <param name="Warnings">What could not be read, and what was omitted because of that.</param>
internal sealed record DoctorJson(
    string Command, string? Address, bool Ready, MachineJson Machine, IReadOnlyList<FindingJson> Findings,
    IReadOnlyList<ExaminedCardJson> Devices, IReadOnlyList<string> Warnings);

/// <summary>Facts about the machine.</summary>
/// <param name="Cores">Cores that are online, by number.</param>
/// <param name="AllowedCores">Cores this process may run on.</param>
/// <param name="IsolatedCores">Cores the scheduler leaves alone.</param>
/// <param name="ThreadsPerCore">Above 1 with SMT.</param>
/// <param name="SharedCores">Which are threads of one physical core, a list for each.</param>
/// <param name="Governors">What chooses their frequencies.</param>
/// <param name="NumaNodes">Memory nodes, by number.</param>
/// <param name="Iommu">off, passthrough, translating or mixed.</param>
/// <param name="RemapsInterrupts">Whether the IOMMU remaps interrupts; null if the kernel does not say.</param>
/// <param name="VfioModules">Which of vfio_pci and vfio_iommu_type1 are loaded.</param>
/// <param name="Lockdown">none, integrity or confidentiality; null if the kernel does not say.</param>
/// <param name="Root">Whether ixy runs as root.</param>
/// <param name="LockedMemoryLimit">Bytes it may lock; null: no limit.</param>
/// <param name="DmaBytes">Bytes of DMA memory that <c>ixy fwd</c> is assumed to need.</param>
/// <param name="HugePages">For each size and memory node.</param>
internal sealed record MachineJson(
    IReadOnlyList<int> Cores, IReadOnlyList<int> AllowedCores, IReadOnlyList<int> IsolatedCores, int ThreadsPerCore,
    IReadOnlyList<IReadOnlyList<int>> SharedCores, IReadOnlyList<string> Governors, IReadOnlyList<int> NumaNodes,
    string Iommu, bool? RemapsInterrupts, IReadOnlyList<string> VfioModules, string? Lockdown, bool Root,
    long? LockedMemoryLimit, long DmaBytes, IReadOnlyList<PoolJson> HugePages);

/// <summary>A finding about one thing.</summary>
/// <param name="Check">What was checked.</param>
/// <param name="Verdict">ok, note or problem.</param>
/// <param name="Text">A sentence.</param>
/// <param name="Cure">The shell command that fixes it; null if none does, or none is needed.</param>
internal sealed record FindingJson(string Check, string Verdict, string Text, string? Cure);

/// <summary>A card that was examined.</summary>
/// <param name="Address">As in 0000:03:00.0.</param>
/// <param name="KernelDriver">The kernel driver it is bound to.</param>
/// <param name="IxyDriver">ixy's driver for it.</param>
/// <param name="Access">vfio or sysfs: how it is accessed, or would be once everything is fixed.</param>
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
