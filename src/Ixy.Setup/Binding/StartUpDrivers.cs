using Ixy.Vfio;

namespace Ixy.Setup.Binding;

/// <summary>
/// Which driver a function gets at each start of the machine: a file for each in driverctl's format,
/// <c>/etc/driverctl.d/pci-0000:03:00.0</c> with the driver's name in it. Where driverctl is installed, its udev rule
/// obeys these files; elsewhere a rule of ixy's does, which is there as long as there is such a file.
/// </summary>
/// <param name="root">The root of the file system.</param>
internal sealed class StartUpDrivers(string root)
{
    internal const string Folder = "etc/driverctl.d", Rule = "etc/udev/rules.d/10-ixy-drivers.rules";

    private const string Prefix = "pci-";

    // A package's rules are in one of the two, depending on the distribution.
    private static readonly string[] s_rulesOfDriverctl =
        ["lib/udev/rules.d/05-driverctl.rules", "usr/lib/udev/rules.d/05-driverctl.rules"];

    // Sets the override before the rules of udev's own load the module that knows the card. A function that has another
    // driver already, because that is in the kernel or was loaded by the initramfs, is taken from it. In a rule, %k is
    // the function's address, %c what the program printed, and $$ a dollar.
    private const string RuleText = """
        # Written by 'ixy bind --persist'; the last 'ixy unbind --persist' removes it. A PCI function for which there is
        # a file /etc/driverctl.d/pci-ADDRESS gets the driver whose name is in it.
        ACTION!="add", GOTO="ixy_end"
        SUBSYSTEM!="pci", GOTO="ixy_end"
        TEST!="/etc/driverctl.d/pci-$kernel", GOTO="ixy_end"
        PROGRAM!="/bin/cat /etc/driverctl.d/pci-$kernel", GOTO="ixy_end"
        ATTR{driver_override}="%c"
        RESULT=="vfio-pci", RUN{builtin}+="kmod load vfio_iommu_type1"
        RESULT!="none", RUN{builtin}+="kmod load %c"
        RUN+="/bin/sh -c 'cd /sys/bus/pci/devices/%k; bound=$$(readlink driver); bound=$${bound##*/}; [ x$$bound = x%c ] && exit; [ -z $$bound ] || echo %k > driver/unbind; echo %k > /sys/bus/pci/drivers_probe'"
        LABEL="ixy_end"

        """;

    /// <summary>The driver that a function gets at the start; null: the one that the kernel chooses.</summary>
    internal string? Find(string name)
    {
        string path = PathOf(name);
        return File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } driver ? driver : null;
    }

    /// <summary>Gives a function a driver at each start from the next one on.</summary>
    /// <exception cref="PciDeviceException">A file cannot be written.</exception>
    internal void Set(string name, string driver) => Change(() =>
    {
        WriteWhole(PathOf(name), $"{driver}\n");
        if (!s_rulesOfDriverctl.Any(rule => File.Exists(Path.Combine(root, rule))))
            WriteWhole(Path.Combine(root, Rule), RuleText);
    });

    /// <summary>Lets the kernel choose again. False if it did already.</summary>
    /// <exception cref="PciDeviceException">A file cannot be removed.</exception>
    internal bool Forget(string name)
    {
        if (!File.Exists(PathOf(name))) return false;
        Change(() =>
        {
            File.Delete(PathOf(name));
            if (Directory.GetFiles(Path.Combine(root, Folder), $"{Prefix}*").Length > 0) return;
            File.Delete(Path.Combine(root, Rule));
            // driverctl makes it again when it needs it.
            if (Directory.GetFileSystemEntries(Path.Combine(root, Folder)).Length == 0)
                Directory.Delete(Path.Combine(root, Folder));
        });
        return true;
    }

    private string PathOf(string name) => Path.Combine(root, Folder, $"{Prefix}{name}");

    // A machine that stops meanwhile finds the old file or the new one.
    private static void WriteWhole(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        // udev and driverctl pass over this name.
        string next = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.new");
        File.WriteAllText(next, text);
        File.Move(next, path, overwrite: true);
    }

    private static void Change(Action change)
    {
        try
        {
            change();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PciDeviceException($"what happens at the start of the machine is as it was: {error.Message}", error);
        }
    }
}
