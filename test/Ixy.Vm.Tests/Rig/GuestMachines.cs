namespace Ixy.Vm.Tests.Rig;

/// <summary>
/// A machine with an IOMMU and one or two of everything that VFIO is tested with, so that one boot serves all tests.
/// </summary>
internal static class IommuMachine
{
    /// <summary>Devices: two each of those that forward, one each of the others.</summary>
    internal const int Virtio = 0, Packed = 2, Jumbo = 4, PastIommu = 6, Legacy = 7, E1000e = 8, Edu = 9;

    /// <summary>
    /// A conventional PCI bridge and the devices behind it: an IOMMU cannot tell them apart, so they share a group.
    /// </summary>
    internal const int Bridge = 10, SharedEdu = 11, SharedE1000e = 12;

    internal const string SharedEduAddress = "0000:01:01.0", SharedE1000eAddress = "0000:01:02.0";

    /// <summary>
    /// A PCI Express port, and a virtio NIC that has a function-level reset because it is behind the port.
    /// </summary>
    internal const int RootPort = 13, Resettable = 14;

    internal const string ResettableAddress = "0000:02:00.0";

    internal static GuestMachine Machine { get; } = new("IOMMU",
        GuestDevice.VirtioNet, GuestDevice.VirtioNet,
        GuestDevice.VirtioNetPacked, GuestDevice.VirtioNetPacked,
        GuestDevice.VirtioNetJumbo, GuestDevice.VirtioNetJumbo,
        GuestDevice.VirtioNetPastIommu,
        GuestDevice.VirtioNetLegacy,
        GuestDevice.E1000e,
        GuestDevice.Edu,
        new("pcie-pci-bridge", Cable: Cable.None),
        new("edu", $"bus=d{Bridge},addr=01,{GuestDevice.EduReachesAllMemory}", Cable.None),
        new("e1000e", $"bus=d{Bridge},addr=02,romfile=", Cable.None),
        new("pcie-root-port", Cable: Cable.None),
        new("virtio-net-pci", $"bus=d{RootPort},addr=00,{GuestDevice.BehindIommu}"))
    {
        HasIommu = true,
    };
}

/// <summary>
/// Two NICs behind a conventional PCI bridge, which share an IOMMU group, like those of many dual-port cards.
/// </summary>
internal static class SharedGroupMachine
{
    internal const string First = "0000:01:01.0", Second = "0000:01:02.0";

    internal static GuestMachine Machine { get; } = new("two NICs of one IOMMU group",
        new("pcie-pci-bridge", Cable: Cable.None),
        new("e1000e", "bus=d0,addr=01,romfile=", Cable.None),
        new("e1000e", "bus=d0,addr=02,romfile=", Cable.None))
    {
        HasIommu = true,
    };
}

/// <summary>
/// Two NICs with two queue pairs each, and two more that also have RSS, behind an IOMMU; and two NUMA nodes.
/// </summary>
internal static class MultiQueueMachine
{
    internal const int Automatic = 0, Rss = 2;

    internal static GuestMachine Machine { get; } = new("IOMMU, two queue pairs, two nodes",
        GuestDevice.VirtioNetTwoQueues, GuestDevice.VirtioNetTwoQueues,
        GuestDevice.VirtioNetRss, GuestDevice.VirtioNetRss)
    {
        HasIommu = true,
        HasTwoNodes = true,
    };
}

/// <summary>This project's simulated cards, two of most kinds, which the machine takes for real ones.</summary>
internal static class SimulatedCardsMachine
{
    internal const int Ixgbe = 0, Virtio = 2, VirtioPacked = 4, X540 = 6, X550 = 8;

    /// <summary>
    /// One more 82599, which is recorded. The record has room for one probe only, so no other test may bind a driver to
    /// it: <see cref="GuestSetup.LoadDrivers"/> does not.
    /// </summary>
    internal const int Filmed = 10;

    internal static GuestMachine Machine { get; } = new("simulated cards",
        GuestDevice.SimulatedIxgbe, GuestDevice.SimulatedIxgbe,
        GuestDevice.SimulatedVirtio, GuestDevice.SimulatedVirtio,
        GuestDevice.SimulatedVirtioPacked, GuestDevice.SimulatedVirtioPacked,
        GuestDevice.SimulatedX540, GuestDevice.SimulatedX540,
        GuestDevice.SimulatedX550, GuestDevice.SimulatedX550,
        GuestDevice.FilmedIxgbe)
    {
        HasIommu = true,
        // The kernel's own drivers bypass it, as on most machines; VFIO does not.
        KernelOptions = "iommu=pt",
    };
}

/// <summary>
/// Simulated cards, two of each; the virtio ones generate their own load. The IOMMU in front of them translates for the
/// kernel's own drivers, too.
/// </summary>
internal static class LoadMachine
{
    internal const int Virtio = 0, VirtioPacked = 2, Ixgbe = 4;

    internal static GuestMachine Machine { get; } = new("simulated cards under load",
        GuestDevice.SimulatedVirtioUnderLoad, GuestDevice.SimulatedVirtioUnderLoad,
        GuestDevice.SimulatedVirtioPackedUnderLoad, GuestDevice.SimulatedVirtioPackedUnderLoad,
        GuestDevice.SimulatedIxgbe, GuestDevice.SimulatedIxgbe)
    {
        HasIommu = true,
    };
}

/// <summary>A machine without an IOMMU, like most virtual machines: for the sysfs transport.</summary>
internal static class PlainMachine
{
    /// <summary>Devices: two of each.</summary>
    internal const int Legacy = 0, Modern = 2;

    internal static GuestMachine Machine { get; } = new("no IOMMU",
        GuestDevice.VirtioNetLegacy, GuestDevice.VirtioNetLegacy,
        GuestDevice.VirtioNetPastIommu, GuestDevice.VirtioNetPastIommu);
}

/// <summary>An IOMMU that does not remap interrupts, as on older hardware.</summary>
internal static class NoRemappingMachine
{
    internal const int Edu = 0;

    internal static GuestMachine Machine { get; } = new("IOMMU without interrupt remapping", GuestDevice.Edu)
    {
        HasIommu = true,
        LacksInterruptRemapping = true,
    };
}

/// <summary>No IOMMU, and only 1 GiB huge pages, reserved by the kernel at boot.</summary>
internal static class LongPagesMachine
{
    internal const int Legacy = 0;

    internal static GuestMachine Machine { get; } = new("huge pages of 1 GiB", GuestDevice.VirtioNetLegacy)
    {
        MemoryMiB = 5120,
        KernelOptions = "hugepagesz=1G hugepages=1",
    };
}
