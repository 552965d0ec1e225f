using Ixy.Vfio;

namespace Ixy.Setup.Binding;

/// <summary>
/// Which driver a card gets each time the machine starts: one file per card in driverctl's format,
/// <c>/etc/driverctl.d/pci-0000:03:00.0</c>, containing the driver's name. If driverctl is installed, its udev rule
/// applies these files; otherwise one of ixy's own does, which exists as long as there is such a file.
/// </summary>
/// <param name="root">The root of the file system.</param>
internal sealed class StartUpDrivers(string root)
{
    internal const string Folder = "etc/driverctl.d", Rule = "etc/udev/rules.d/10-ixy-drivers.rules";

    private const string Prefix = "pci-";

    // Packages put rules into one of these two, depending on the distribution.
    private static readonly string[] s_rulesOfDriverctl =
        ["lib/udev/rules.d/05-driverctl.rules", "usr/lib/udev/rules.d/05-driverctl.rules"];

    // Sets the override before udev's own rules load the module for the card. If the function already has another
    // driver, because that is built in or was loaded by the initramfs, the driver is unbound. In a rule, %k is the
    // function's address, %c what the program printed, and $$ a dollar sign.
    private const string RuleText = """
        # Written by 'ixy bind --persist'; the last 'ixy unbind --persist' removes it. A network card for which there is
        # a file /etc/driverctl.d/pci-ADDRESS gets the driver whose name is in it.
        ACTION!="add", GOTO="ixy_end"
        SUBSYSTEM!="pci", GOTO="ixy_end"
        ATTR{class}!="0x02*", GOTO="ixy_end"
        TEST!="/etc/driverctl.d/pci-$kernel", GOTO="ixy_end"
        PROGRAM!="/bin/cat /etc/driverctl.d/pci-$kernel", GOTO="ixy_end"
        ATTR{driver_override}="%c"
        RESULT=="vfio-pci", RUN{builtin}+="kmod load vfio_iommu_type1"
        RESULT!="none", RUN{builtin}+="kmod load %c"
        RUN+="/bin/sh -c 'cd /sys/bus/pci/devices/%k; bound=$$(readlink driver); bound=$${bound##*/}; [ x$$bound = x%c ] && exit; [ -z $$bound ] || echo %k > driver/unbind; echo %k > /sys/bus/pci/drivers_probe'"
        LABEL="ixy_end"

        """;

    /// <summary>The driver that a function gets at start-up; null: the one the kernel chooses.</summary>
    internal string? Find(string name)
    {
        string path = PathOf(name);
        return File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } driver ? driver : null;
    }

    /// <summary>Sets the driver that a function gets at every start-up from the next one on.</summary>
    /// <exception cref="PciDeviceException">A file cannot be written: nothing has changed.</exception>
    internal void Set(string name, string driver) => Change("nothing was changed for the next start", () =>
    {
        // Written first, because it does nothing without the other.
        if (!s_rulesOfDriverctl.Any(rule => File.Exists(Path.Combine(root, rule))))
            WriteWhole(Path.Combine(root, Rule), RuleText);
        WriteWhole(PathOf(name), $"{driver}\n");
    });

    /// <summary>Lets the kernel choose again. False if it already did.</summary>
    /// <exception cref="PciDeviceException">A file cannot be removed; the message says what that means.</exception>
    internal bool Forget(string name)
    {
        string folder = Path.Combine(root, Folder), rule = Path.Combine(root, Rule);
        if (!File.Exists(PathOf(name))) return false;
        Change("nothing was changed for the next start", () => File.Delete(PathOf(name)));
        Change($"{name} is left to the kernel from the next start on, but something of no use remains", () =>
        {
            if (Directory.GetFiles(folder, $"{Prefix}*").Length > 0) return;
            // With driverctl installed, there may not even be a directory for it.
            if (File.Exists(rule)) File.Delete(rule);
            // driverctl creates it again when needed.
            if (Directory.GetFileSystemEntries(folder).Length == 0) Directory.Delete(folder);
        });
        return true;
    }

    private string PathOf(string name) => Path.Combine(root, Folder, $"{Prefix}{name}");

    // udev and driverctl ignore the file under its temporary name.
    private static void WriteWhole(string path, string text) => WholeFile.Write(
        path, Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.new"), text);

    private static void Change(string otherwise, Action change)
    {
        try
        {
            change();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PciDeviceException($"{otherwise}: {error.Message}", error);
        }
    }
}
