using Ixy.Vfio;
using Ixy.Vfio.Dma;

namespace Ixy.Fuzz.Targets;

/// <summary>
/// A client of a server that violates the protocol. The client may give up with a <see cref="PciDeviceException"/>, but
/// must leave no descriptor open.
/// </summary>
internal static unsafe class ClientTarget
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMilliseconds(500);
    private static bool s_hasWorked;

    internal static void Run(byte[] input)
    {
        if (!s_hasWorked) UseRightServer();
        int before = Descriptors.Count();
        using (new HostileServer(input))
        {
            try
            {
                Use();
            }
            catch (PciDeviceException)
            {
                // Documented: the server is wrong.
            }
        }
        // A chunk that the server did not release stays in the arena until the next allocation.
        DmaMemory.Allocate(1).Dispose();
        int after = Descriptors.Count();
        FuzzException.Require(before == after, $"{before} descriptors before, {after} after");
    }

    // Creates everything that is created only once, before descriptors are counted.
    private static void UseRightServer()
    {
        using (new HostileServer([])) Use();
        s_hasWorked = true;
    }

    private static void Use()
    {
        using var device = new VfioUserPciDevice(HostileServer.SocketPath, check: null, s_timeout);
        _ = device.ReadConfig(PciConfig.VendorId, 4);
        device.EnableBusMaster();
        foreach (int index in (int[])[0, 4])
        {
            var bar = device.OpenBar(index);
            _ = bar.Read32(8);
            bar.Write32(8, 0);
            if (bar.TryGetPointer(0x1018, sizeof(uint), out void* doorbell)) *(uint*)doorbell = 1;
        }
        _ = device.CountInterruptVectors(InterruptKind.Msix);
        DmaArena.Attach(device);
        using (DmaMemory.Allocate(4096)) device.Reset();
        _ = device.AnswersNow();
    }
}
