using System.Numerics;

namespace Ixy.Vfio;

/// <summary>
/// The enable bits of message-signalled interrupts in configuration space (PCI Local Bus 3.0, section 6.8). The kernel's VFIO keeps
/// them for itself; on transports where driver and device face each other the driver sets them. The interrupt line has none.
/// </summary>
internal static class MessageControl
{
    private const uint MsiEnable = 1 << 0, MsiVectorsMask = 7 << 4, MsixEnable = 1 << 15;
    private const int MsiVectorsShift = 4;

    /// <summary>Switches a kind on, with its first vectors unmasked.</summary>
    internal static void Enable(PciDevice device, InterruptKind kind, int vectors)
    {
        // 6.8.1.3: the number of vectors as a power of two.
        if (kind == InterruptKind.Msi) Change(device, kind, MsiEnable | MsiVectorsMask, MsiEnable | Logarithm(vectors) << MsiVectorsShift);
        if (kind != InterruptKind.Msix) return;
        for (int vector = 0; vector < vectors; vector++) MessageMask.SetMsix(device, vector, masked: false);
        Change(device, kind, MsixEnable, MsixEnable);
    }

    /// <summary>Switches it off.</summary>
    internal static void Disable(PciDevice device, InterruptKind kind) =>
        Change(device, kind, kind == InterruptKind.Msi ? MsiEnable : MsixEnable, 0);

    private static uint Logarithm(int vectors) => (uint)BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)vectors));

    private static void Change(PciDevice device, InterruptKind kind, uint mask, uint value)
    {
        if (kind == InterruptKind.Intx) return;
        byte id = kind == InterruptKind.Msi ? MessageMask.MsiId : MessageMask.MsixId;
        foreach (int capability in device.FindCapabilities(id).Take(1))
            device.WriteConfig(capability + 2, device.ReadConfig(capability + 2, 2) & ~mask | value, 2);
    }
}
