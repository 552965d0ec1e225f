namespace Ixy.Vfio.Interrupts;

/// <summary>The mask bits of message-signalled interrupts, where PCI Local Bus 3.0 (section 6.8) puts them.</summary>
internal static class MessageMask
{
    private const uint EntryLength = 16;
    private const uint Is64Bit = 1 << 7, HasMasks = 1 << 8;

    /// <summary>The mask bits of MSI are in its capability, if the function has any (6.8.1.3).</summary>
    internal static void SetMsi(PciDevice device, int vector, bool masked)
    {
        int capability = device.FindCapabilities(PciDevice.MsiId).First();
        uint control = device.ReadConfig(capability + 2, 2);
        if ((control & HasMasks) == 0)
            throw new InterruptsNotSupportedException(
                $"{device.Name}: its MSI vectors have no mask bits: mask the cause in the device's own registers");
        int offset = MsiMasks(capability, control);
        uint bits = device.ReadConfig(offset, 4), bit = 1u << vector;
        device.WriteConfig(offset, masked ? bits | bit : bits & ~bit, 4);
    }

    /// <summary>Unmasks all vectors of MSI, if they have mask bits.</summary>
    internal static void ClearMsi(PciDevice device)
    {
        foreach (int capability in device.FindCapabilities(PciDevice.MsiId).Take(1))
        {
            uint control = device.ReadConfig(capability + 2, 2);
            if ((control & HasMasks) != 0) device.WriteConfig(MsiMasks(capability, control), 0, 4);
        }
    }

    /// <summary>
    /// The mask bit of an MSI-X vector is the lowest of the fourth word of its table entry (6.8.2.9).
    /// </summary>
    internal static void SetMsix(PciDevice device, int vector, bool masked)
    {
        int capability = device.FindCapabilities(PciDevice.MsixId).First();
        uint table = device.ReadConfig(capability + 4, 4);
        var bar = device.OpenBar((int)(table & 7));
        ulong end = (table & ~7u) + ((ulong)vector + 1) * EntryLength;
        if (end > bar.Length)
            throw new DeviceProtocolException(
                $"{device.Name}: the entry of vector {vector} in its MSI-X table ends at 0x{end:x} of BAR {table & 7}, "
                + $"which has 0x{bar.Length:x} bytes (PCI 3.0, 6.8.2.4)");
        uint control = (uint)end - sizeof(uint);
        uint value = bar.Read32(control) & ~1u | (masked ? 1u : 0u);
        bar.Write32(control, value);
        if (bar.Read32(control) != value)
            throw new InterruptsNotSupportedException(
                $"{device.Name}: the kernel hides the MSI-X table, so vector {vector} cannot be masked: expected Linux "
                + "4.16 or later");
    }

    private static int MsiMasks(int capability, uint control) => capability + ((control & Is64Bit) != 0 ? 0x10 : 0x0C);
}
