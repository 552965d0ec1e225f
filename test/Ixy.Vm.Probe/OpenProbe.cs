using Ixy.Vfio;
using Ixy.Vfio.Dma;

namespace Ixy.Vm.Probe;

/// <summary>
/// Opens functions and maps DMA memory for them; on the way, everything that is missing raises its error.
/// </summary>
internal static unsafe class OpenProbe
{
    /// <summary>Opens several functions through VFIO at once, and closes them in the order of opening.</summary>
    internal static void Run(IReadOnlyList<PciAddress> addresses)
    {
        var devices = new List<PciDevice>();
        try
        {
            foreach (var address in addresses) devices.Add(new VfioPciDevice(address));
            foreach (var device in devices) DmaArena.Attach(device);
            using (DmaMemory.Allocate(1 << 20)) Fact.Print("locked-by-all", Leaks.Status("VmLck:"));
            Fact.Print("locked-by-none", Leaks.Status("VmLck:"));
            using var memory = DmaMemory.Allocate(1 << 20);
            foreach (var device in devices.ToArray())
            {
                device.Dispose();
                devices.Remove(device);
                Fact.Print($"locked-after-{device.Name}", Leaks.Status("VmLck:"));
            }
        }
        finally
        {
            devices.ForEach(device => device.Dispose());
        }
    }

    /// <summary>Holds a device that may do DMA, until it is killed.</summary>
    internal static void Hold(PciAddress address)
    {
        using var device = new VfioPciDevice(address);
        device.EnableBusMaster();
        DmaArena.Attach(device);
        using var memory = DmaMemory.Allocate(1 << 20);
        using var vectors = device.EnableInterrupts(InterruptKind.Msi);
        Fact.Print("holding", device.Name);
        Thread.Sleep(Timeout.Infinite);
    }

    /// <summary>Opens a function through sysfs.</summary>
    internal static void RunSysfs(PciAddress address)
    {
        using var device = new SysfsPciDevice(address);
        Fact.Print("id", $"{device.VendorId:x4}:{device.DeviceId:x4}");
        DmaArena.Attach(device);
        using var memory = DmaMemory.Allocate(3 << 20);
        ulong first = memory.DeviceAddress(device),
            second = DmaArena.PhysicalFrames[(memory.Address - DmaArena.Base) / DmaArena.FrameLength + 1];
        Fact.Print("page-length", PageLengthAt(memory.Address));
        Fact.Print("frame-aligned", first % DmaArena.FrameLength == 0 && first != 0 && second != 0);
        Fact.Print("frames-contiguous", second == first + DmaArena.FrameLength);
        Fact.Print("ports-mac", ReadMacAddress(device.OpenBar(0)));
    }

    /// <summary>As root, but without the right to see physical addresses.</summary>
    internal static void RunSysfsWithoutRights(PciAddress address)
    {
        Capabilities.DropSysAdmin();
        RunSysfs(address);
    }

    // A mapping is a line "start-end ..." followed by lines about it (proc_pid_smaps(5)).
    private static string PageLengthAt(nuint address) => File.ReadLines("/proc/self/smaps")
        .SkipWhile(line => !line.StartsWith($"{address:x}-", StringComparison.Ordinal))
        .First(line => line.StartsWith("KernelPageSize:", StringComparison.Ordinal))
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];

    // A legacy virtio function's first BAR is I/O ports; without MSI-X the MAC address is at 20 (virtio 1.2, 4.1.4.10).
    private static string ReadMacAddress(PciBar ports) =>
        string.Join(':', Enumerable.Range(20, 6).Select(offset => $"{ports.Read8((uint)offset):x2}"));
}
