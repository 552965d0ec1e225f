namespace Ixy.Vm.Tests.Rig;

/// <summary>What root does in a guest before ixy can use a device. Every step may be repeated.</summary>
internal static class GuestSetup
{
    /// <summary>The unprivileged user that every guest has.</summary>
    internal const string User = "user";

    /// <summary>A command to be run by <see cref="User"/>, with a limit on locked memory.</summary>
    /// <remarks>
    /// The command finally replaces the shell's process, so signals reach it (<see cref="Guest.Start"/>).
    /// </remarks>
    internal static string AsUser(string command, int lockedMiB) =>
        $"ulimit -l {lockedMiB << 10}; exec su {User} -c 'exec {command}'";

    /// <summary>Loads kernel modules and their dependencies.</summary>
    internal static void LoadModules(this Guest guest, params string[] modules) =>
        guest.Run($"modprobe -a {string.Join(' ', modules)}").Succeeded();

    /// <summary>
    /// The same for modules of PCI drivers, which take only the devices that are bound to them (<see cref="BindTo"/>).
    /// </summary>
    internal static void LoadDrivers(this Guest guest, params string[] modules) => guest.Run($"""
        echo 0 > /sys/bus/pci/drivers_autoprobe
        modprobe -a {string.Join(' ', modules)}
        loaded=$?
        echo 1 > /sys/bus/pci/drivers_autoprobe
        exit $loaded
        """).Succeeded();

    /// <summary>
    /// Loads VFIO and binds a device to it. Returns the device's IOMMU group, whose file now belongs to the user.
    /// </summary>
    internal static int BindToVfio(this Guest guest, string address)
    {
        guest.LoadModules("vfio-pci", "vfio_iommu_type1");
        guest.BindTo("vfio-pci", address);
        string group = guest.Run($"""
            group=$(basename $(readlink /sys/bus/pci/devices/{address}/iommu_group))
            chown {User} /dev/vfio/$group
            echo $group
            """).Succeeded();
        return int.Parse(group);
    }

    /// <summary>Unbinds a device from its driver and binds it to another one.</summary>
    internal static void BindTo(this Guest guest, string driver, string address)
    {
        guest.Unbind(address);
        guest.Run($"""
            cd /sys/bus/pci/devices/{address}
            echo {driver} > driver_override
            echo {address} > /sys/bus/pci/drivers_probe
            """).Succeeded();
        // Only the kernel's log says how the probe ended.
        string bound = guest.Run($"basename $(readlink /sys/bus/pci/devices/{address}/driver)").Output.Trim();
        Assert.True(
            bound == driver, $"{address} is bound to '{bound}', not to {driver}: {guest.Run("dmesg | tail").Output}");
    }

    /// <summary>Unbinds a device from its driver, if it has one.</summary>
    internal static void Unbind(this Guest guest, string address) =>
        guest.Run($"cd /sys/bus/pci/devices/{address}; [ ! -e driver ] || echo {address} > driver/unbind").Succeeded();

    /// <summary>Reserves huge pages of 2 MiB.</summary>
    internal static void SetHugePages(this Guest guest, int count)
    {
        string got = guest.Run($"echo {count} > /proc/sys/vm/nr_hugepages; cat /proc/sys/vm/nr_hugepages").Succeeded();
        Assert.Equal($"{count}\n", got);
    }
}
