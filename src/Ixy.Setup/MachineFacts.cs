namespace Ixy.Setup;

/// <summary>What the kernel says about a machine, as far as it matters to user-space drivers.</summary>
public sealed record MachineFacts
{
    /// <summary>The cores that are online, by number.</summary>
    public required IReadOnlyList<int> Cores { get; init; }

    /// <summary>The cores this process may run on.</summary>
    public required IReadOnlyList<int> AllowedCores { get; init; }

    /// <summary>The cores the scheduler leaves alone (kernel parameter <c>isolcpus</c>).</summary>
    public required IReadOnlyList<int> IsolatedCores { get; init; }

    /// <summary>Threads per physical core (SMT); 1 without SMT.</summary>
    public int ThreadsPerCore => SharedCores.Select(shared => shared.Count).DefaultIfEmpty(1).Max();

    /// <summary>
    /// Which of <see cref="Cores"/> are threads of one physical core, a list of numbers for each; those with a core of
    /// their own are in none.
    /// </summary>
    public required IReadOnlyList<IReadOnlyList<int>> SharedCores { get; init; }

    /// <summary>
    /// Which governors choose the cores' frequencies, as in <c>performance</c>; none where the kernel does not choose.
    /// </summary>
    public required IReadOnlyList<string> Governors { get; init; }

    /// <summary>The memory nodes, by number; none on a kernel without NUMA.</summary>
    public required IReadOnlyList<int> Nodes { get; init; }

    /// <summary>What the IOMMU does with the cards.</summary>
    public required IommuMode Iommu { get; init; }

    /// <summary>The IOMMU also checks interrupts, which VFIO requires; null if the kernel does not say.</summary>
    public required bool? RemapsInterrupts { get; init; }

    /// <summary>VFIO was told not to require that check (allow_unsafe_interrupts).</summary>
    public required bool AllowsUnsafeInterrupts { get; init; }

    /// <summary>Which of VFIO's modules <c>vfio_pci</c> and <c>vfio_iommu_type1</c> the kernel has now.</summary>
    public required IReadOnlyList<string> VfioModules { get; init; }

    /// <summary><c>/dev/vfio/vfio</c> exists.</summary>
    public required bool HasVfioFile { get; init; }

    /// <summary>
    /// The kernel's lockdown mode: <c>none</c>, <c>integrity</c> or <c>confidentiality</c>; null if it does not say.
    /// </summary>
    public required string? Lockdown { get; init; }

    /// <summary>This process runs as root.</summary>
    public required bool IsRoot { get; init; }

    /// <summary>Bytes of memory this process may lock; null: no limit.</summary>
    public required long? LockedMemoryLimit { get; init; }

    /// <summary>The huge pages, of each size and on each node.</summary>
    public required IReadOnlyList<HugePagePool> HugePages { get; init; }
}

/// <summary>What the IOMMU does for devices with a kernel driver, or none.</summary>
public enum IommuMode
{
    /// <summary>There is none, or it is switched off.</summary>
    Off,

    /// <summary>It lets physical addresses pass (kernel parameter <c>iommu=pt</c>).</summary>
    Passthrough,

    /// <summary>It translates, and blocks physical addresses.</summary>
    Translating,

    /// <summary>It translates for some devices, and lets physical addresses of others pass.</summary>
    Mixed,
}
