using System.Numerics;

namespace Ixy.Vfio.Interrupts;

/// <summary>
/// The enable bits of message-signalled interrupts in configuration space (PCI Local Bus 3.0, section 6.8). The
/// kernel's VFIO manages them itself; on transports where nothing is between driver and device, the driver sets them.
/// The interrupt line has none.
/// </summary>
internal static class MessageControl
{
    private const uint LineDisable = 1 << 10, MsiVectorsMask = 7 << 4, MsixMask = 1 << 14;
    private const int MsiVectorsShift = 4;

    /// <summary>
    /// Enables a kind, with its first vectors unmasked, whatever the previous driver left: a mask of all vectors, the
    /// line's disable bit, or another kind, of which only one may be enabled.
    /// </summary>
    internal static void Enable(PciDevice device, InterruptKind kind, int vectors)
    {
        if (kind != InterruptKind.Msi) Disable(device, InterruptKind.Msi);
        if (kind != InterruptKind.Msix) Disable(device, InterruptKind.Msix);
        switch (kind)
        {
            case InterruptKind.Intx:
                device.ChangeConfig(PciConfig.Command, LineDisable, 0);
                break;
            case InterruptKind.Msi:
                MessageMask.ClearMsi(device);
                // 6.8.1.3: the number of vectors as a power of two.
                Change(device, kind, PciDevice.MsiEnable | MsiVectorsMask,
                    PciDevice.MsiEnable | Logarithm(vectors) << MsiVectorsShift);
                break;
            default:
                for (int vector = 0; vector < vectors; vector++) MessageMask.SetMsix(device, vector, masked: false);
                Change(device, kind, PciDevice.MsixEnable | MsixMask, PciDevice.MsixEnable);
                break;
        }
    }

    /// <summary>Disables it.</summary>
    internal static void Disable(PciDevice device, InterruptKind kind) =>
        Change(device, kind, kind == InterruptKind.Msi ? PciDevice.MsiEnable : PciDevice.MsixEnable, 0);

    private static uint Logarithm(int vectors) =>
        (uint)BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)vectors));

    private static void Change(PciDevice device, InterruptKind kind, uint mask, uint value)
    {
        if (kind == InterruptKind.Intx) return;
        byte id = kind == InterruptKind.Msi ? PciDevice.MsiId : PciDevice.MsixId;
        foreach (int capability in device.FindCapabilities(id).Take(1))
            device.ChangeConfig(capability + 2, mask, value);
    }
}
