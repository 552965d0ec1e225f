namespace Ixy.Setup;

/// <summary>What the kernel tells about a machine, as far as it matters to user-space drivers.</summary>
public sealed record MachineFacts
{
    /// <summary>The cores that are switched on, by number.</summary>
    public required IReadOnlyList<int> Cores { get; init; }

    /// <summary>Those of them that this process may run on.</summary>
    public required IReadOnlyList<int> AllowedCores { get; init; }

    /// <summary>Those that the scheduler leaves alone (kernel parameter <c>isolcpus</c>).</summary>
    public required IReadOnlyList<int> IsolatedCores { get; init; }

    /// <summary>Threads of a physical core (SMT), 1 where each has a core of its own.</summary>
    public required int ThreadsPerCore { get; init; }

    /// <summary>
    /// Which governors choose the cores' frequencies, as in <c>performance</c>; none where the kernel does not choose.
    /// </summary>
    public required IReadOnlyList<string> Governors { get; init; }

    /// <summary>The memory nodes, by number; none on a kernel without NUMA.</summary>
    public required IReadOnlyList<int> Nodes { get; init; }

    /// <summary>What the IOMMU does with the cards.</summary>
    public required IommuMode Iommu { get; init; }

    /// <summary>
    /// The IOMMU checks interrupts, too, without which VFIO refuses it; null if the kernel does not say.
    /// </summary>
    public required bool? RemapsInterrupts { get; init; }

    /// <summary>VFIO was told to do without the check of interrupts (allow_unsafe_interrupts).</summary>
    public required bool AllowsUnsafeInterrupts { get; init; }

    /// <summary>Which modules of VFIO the kernel has now, of <c>vfio_pci</c> and <c>vfio_iommu_type1</c>.</summary>
    public required IReadOnlyList<string> VfioModules { get; init; }

    /// <summary><c>/dev/vfio/vfio</c> is there.</summary>
    public required bool HasVfioFile { get; init; }

    /// <summary>
    /// How far the kernel is locked down: <c>none</c>, <c>integrity</c> or <c>confidentiality</c>; null if it does not
    /// say.
    /// </summary>
    public required string? Lockdown { get; init; }

    /// <summary>This process is root's.</summary>
    public required bool IsRoot { get; init; }

    /// <summary>Bytes of memory that this process may lock; null: any number.</summary>
    public required long? LockedMemoryLimit { get; init; }

    /// <summary>The huge pages, of each length and on each node.</summary>
    public required IReadOnlyList<HugePagePool> HugePages { get; init; }
}

/// <summary>What the IOMMU does for devices that a kernel driver, or none, has.</summary>
public enum IommuMode
{
    /// <summary>There is none, or it is switched off.</summary>
    Off,

    /// <summary>Physical addresses pass it (kernel parameter <c>iommu=pt</c>).</summary>
    Passthrough,

    /// <summary>It translates, and blocks physical addresses.</summary>
    Translating,

    /// <summary>It translates for some devices, and lets those of others pass.</summary>
    Mixed,
}
