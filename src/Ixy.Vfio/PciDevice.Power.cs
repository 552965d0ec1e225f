namespace Ixy.Vfio;

/// <summary>The part of every transport that is about power states (PCI Bus Power Management Interface 1.2).</summary>
public abstract partial class PciDevice
{
    private const byte PowerManagementId = 0x01, PciExpressId = 0x10;
    private const int PowerControl = 4, CacheLineSize = 0x0C, ExpansionRom = 0x30, InterruptLine = 0x3C;
    private const uint PowerStateMask = 3, NoSoftReset = 1 << 3, PmeStatus = 1 << 15;

    /// <summary>
    /// Wakes the function up. Whoever had it before may have left it in D3hot, as kernels do with what nobody uses: then it
    /// answers in configuration space only, and its BARs read as ones. Does nothing in D0, and where there is no power management.
    /// A function that wakes up as after a reset gets back its base addresses, and what the system has set for its PCI Express link.
    /// Its BARs and bus mastering are off then, until <see cref="EnableBusMaster"/>.
    /// </summary>
    /// <exception cref="PciDeviceException">It does not wake up, or an access failed.</exception>
    public void WakeUp()
    {
        int control = FindCapabilities(PowerManagementId).FirstOrDefault() + PowerControl;
        if (control == PowerControl) return;
        uint before = ReadConfig(control, 2);
        if ((before & PowerStateMask) == 0) return;
        var places = SystemSettings().ToList();
        uint[] values = [.. places.Select(place => ReadConfig(place.Offset, place.Size))];
        // Not PME_Status, which a written one clears.
        WriteConfig(control, before & ~(PowerStateMask | PmeStatus), 2);
        // 5.6.1: from D3hot it takes 10 ms, in which the function is not to be accessed.
        Wait(TimeSpan.FromMilliseconds(10));
        uint after = ReadConfig(control, 2);
        if ((after & PowerStateMask) != 0)
            throw new PciDeviceException(
                $"{Name} does not wake up: 10 ms after it was told so, its power management register is 0x{after:x4}, expected 0 (D0) in the lowest two bits");
        // 3.2.4: without this bit it has forgotten all but what is sticky.
        if ((after & NoSoftReset) != 0) return;
        for (int i = 0; i < values.Length; i++) WriteConfig(places[i].Offset, values[i], places[i].Size);
    }

    // What firmware and kernel have written: where the BARs are, and how large packets on the link may be.
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
