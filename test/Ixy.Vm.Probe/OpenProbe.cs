using Ixy.Vfio;

namespace Ixy.Vm.Probe;

/// <summary>Opens functions and maps DMA memory for them: on the way, everything that is missing is complained about.</summary>
internal static class OpenProbe
{
    /// <summary>Opens several through VFIO at once; closes them in the order they were opened in.</summary>
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

    /// <summary>Opens one through sysfs, taking it from its kernel driver if asked to.</summary>
    internal static void RunSysfs(PciAddress address, IReadOnlyList<string> words)
    {
        var policy = words is [var word, ..] ? Enum.Parse<KernelDriverPolicy>(word) : KernelDriverPolicy.Refuse;
        using var device = new SysfsPciDevice(address, null, policy);
        Fact.Print("id", $"{device.VendorId:x4}:{device.DeviceId:x4}");
        DmaArena.Attach(device);
        using var memory = DmaMemory.Allocate(3 << 20);
        Fact.Print("first-frame", $"0x{memory.DeviceAddress(device):x}");
        Fact.Print("frame-aligned", memory.DeviceAddress(device) % DmaArena.FrameLength == 0);
        device.Reset();
        Fact.Print("reset", true);
    }
}
