namespace Ixy.Vfio;

// Waking from a sleep state (PCI Bus Power Management Interface 1.2).
public abstract partial class PciDevice
{
    private const byte PciExpressId = 0x10;
    private const int CacheLineSize = 0x0C, ExpansionRom = 0x30, InterruptLine = 0x3C;
    private const uint NoSoftReset = 1 << 3, PmeStatus = 1 << 15;

    private void LeaveSleep(int control)
    {
        uint before = ReadConfig(control, 2);
        var places = SystemSettings().ToList();
        uint[] values = [.. places.Select(place => ReadConfig(place.Offset, place.Size))];
        // Without PME_Status, which writing a one would clear.
        WriteConfig(control, before & ~(PowerStateMask | PmeStatus), 2);
        // 5.6.1: leaving D3hot takes 10 ms, during which the function must not be accessed.
        Wait(TimeSpan.FromMilliseconds(10));
        uint after = ReadConfig(control, 2);
        if ((after & PowerStateMask) != 0)
            throw new PciDeviceException(
                $"{Name} does not wake up: 10 ms after it was told so, its power management register is 0x{after:x4}, "
                + "expected 0 (D0) in the lowest two bits");
        // 3.2.4: without this bit it has lost everything that is not sticky.
        if ((after & NoSoftReset) != 0) return;
        for (int i = 0; i < values.Length; i++) WriteConfig(places[i].Offset, values[i], places[i].Size);
    }

    // What the firmware and the kernel wrote: where the BARs are, and the maximum packet size on the link.
    private IEnumerable<(int Offset, int Size)> SystemSettings()
    {
        yield return (CacheLineSize, 1);
        for (int bar = 0; bar < 6; bar++) yield return (PciConfig.Bar0 + 4 * bar, 4);
        yield return (ExpansionRom, 4);
        yield return (InterruptLine, 1);
        foreach (int express in FindCapabilities(PciExpressId).Take(1))
        {
            const int DeviceControl = 0x08, LinkControl = 0x10, DeviceControl2 = 0x28;
            yield return (express + DeviceControl, 2);
            yield return (express + LinkControl, 2);
            yield return (express + DeviceControl2, 2);
        }
    }
}
