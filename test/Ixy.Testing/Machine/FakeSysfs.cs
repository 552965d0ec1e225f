using System.Buffers.Binary;

namespace Ixy.Testing.Machine;

/// <summary>A fake directory like <c>/sys/bus/pci/devices</c>, with plain files in place of registers.</summary>
internal sealed class FakeSysfs : IDisposable
{
    internal const int RegisterBytes = 0x20000;

    private readonly DirectoryInfo _temporary = Directory.CreateTempSubdirectory("ixy-sysfs-");

    internal FakeSysfs()
    {
        Root = Path.Combine(_temporary.FullName, "devices");
        Directory.CreateDirectory(Root);
        // Mounted over the machine's own directory, this one must be readable by other users.
        OpenToAll(_temporary.FullName);
        OpenToAll(Root);
    }

    /// <summary>Takes the place of <c>/sys/bus/pci/devices</c>.</summary>
    internal string Root { get; }

    /// <summary>The directory above <see cref="Root"/>: takes the place of <c>/sys/bus/pci</c>.</summary>
    internal string Bus => _temporary.FullName;

    /// <summary>
    /// Adds a network card, or a function of another class, with one BAR of zeros; by default an 82599. Returns its
    /// directory.
    /// </summary>
    internal string Add(string address, ushort deviceId = 0x10FB, int classCode = 0x020000)
    {
        string directory = Path.Combine(Root, address);
        Directory.CreateDirectory(directory);
        OpenToAll(directory);
        var config = new byte[4096];
        BinaryPrimitives.WriteUInt16LittleEndian(config, 0x8086);
        BinaryPrimitives.WriteUInt16LittleEndian(config.AsSpan(2), deviceId);
        BinaryPrimitives.WriteInt32LittleEndian(config.AsSpan(8), classCode << 8 | 1); // Ethernet, revision 1
        File.WriteAllBytes(Path.Combine(directory, "config"), config);
        File.WriteAllBytes(Path.Combine(directory, "resource0"), new byte[RegisterBytes]);
        File.WriteAllText(Path.Combine(directory, "vendor"), "0x8086\n");
        File.WriteAllText(Path.Combine(directory, "device"), $"0x{deviceId:x4}\n");
        File.WriteAllText(Path.Combine(directory, "class"), $"0x{classCode:x6}\n");
        File.WriteAllText(Path.Combine(directory, "driver_override"), "(null)\n");
        return directory;
    }

    /// <summary>
    /// Gives a function the capabilities of an 82599 that every driver looks for (datasheet 9.3.10): power management
    /// (awake), and MSI and MSI-X, both left enabled by an earlier driver.
    /// </summary>
    internal void AddCapabilities(string address)
    {
        string file = Path.Combine(Root, address, "config");
        byte[] config = File.ReadAllBytes(file);
        (config[0x06], config[0x34]) = (1 << 4, 0x40);
        (config[0x40], config[0x41]) = (0x01, 0x50);
        (config[0x50], config[0x51], config[0x52]) = (0x05, 0x70, 1);
        (config[0x70], config[0x71], config[0x73]) = (0x11, 0x00, 1 << 7);
        File.WriteAllBytes(file, config);
    }

    /// <summary>Binds a function to the kernel's driver.</summary>
    internal void HoldByKernel(string address, string driver) =>
        File.CreateSymbolicLink(Path.Combine(Root, address, "driver"), $"../../../../bus/pci/drivers/{driver}");

    /// <summary>Binds a function to a driver that it can be unbound from.</summary>
    internal void HoldByUnbindable(string address, string driver)
    {
        string directory = Path.Combine(_temporary.FullName, "drivers", driver);
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "unbind"), "");
        Directory.CreateSymbolicLink(Path.Combine(Root, address, "driver"), directory);
    }

    /// <summary>What was written to the driver's <c>unbind</c>.</summary>
    internal string Unbound(string driver) =>
        File.ReadAllText(Path.Combine(_temporary.FullName, "drivers", driver, "unbind"));

    /// <summary>Gives a function a network interface of this machine: directly, or below its virtio device.</summary>
    internal void AddInterface(string address, string name, int flags, bool virtio = false)
    {
        string directory = Path.Combine(Root, address, virtio ? "virtio7/net" : "net", name);
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "flags"), $"0x{flags:x}\n");
    }

    /// <summary>Sets what the IOMMU does for a group, such as "DMA".</summary>
    internal void SetGroupType(int number, string type) =>
        File.WriteAllText(Path.Combine(_temporary.FullName, "iommu_groups", $"{number}", "type"), $"{type}\n");

    /// <summary>Puts functions into an IOMMU group.</summary>
    internal void AddGroup(int number, params string[] addresses)
    {
        string group = Path.Combine(_temporary.FullName, "iommu_groups", $"{number}");
        Directory.CreateDirectory(Path.Combine(group, "devices"));
        foreach (string address in addresses)
        {
            Directory.CreateSymbolicLink(Path.Combine(group, "devices", address), Path.Combine(Root, address));
            Directory.CreateSymbolicLink(Path.Combine(Root, address, "iommu_group"), group);
        }
    }

    /// <summary>Takes the place of <c>/dev/vfio</c>, with plain files in it.</summary>
    internal string AddVfio(params string[] files)
    {
        string directory = Path.Combine(_temporary.FullName, "vfio");
        Directory.CreateDirectory(directory);
        foreach (string file in files) File.WriteAllText(Path.Combine(directory, file), "");
        return directory;
    }

    /// <summary>Runs ixy with <see cref="Root"/> in place of the machine's own functions.</summary>
    internal (int ExitCode, string Output, string Error) RunIxy(bool asNobody, params string[] arguments) =>
        RunIxy(asNobody ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [], asNobody, arguments);

    /// <summary>As above, as root without one capability, such as <c>sys_admin</c>.</summary>
    internal (int ExitCode, string Output, string Error) RunIxyWithout(string capability, params string[] arguments) =>
        RunIxy(["setpriv", $"--bounding-set=-{capability}", $"--inh-caps=-{capability}"], copyForAll: false, arguments);

    private (int ExitCode, string Output, string Error) RunIxy(string[] user, bool copyForAll, string[] arguments)
    {
        using var ixy = Start(
            [.. user, "dotnet", "exec", copyForAll ? CopyForAll() : IxyProcess.Program, .. arguments]);
        return (ixy.WaitForExit(), ixy.Output, ixy.Error);
    }

    /// <summary>Starts a program with <see cref="Root"/> in place of the machine's own functions.</summary>
    internal IxyProcess Start(params string[] program)
    {
        const string Target = "/sys/bus/pci/devices";
        Needs.Root("only root can show a process another /sys");
        Skip.IfNot(Directory.Exists(Target), $"this machine has no {Target}");
        Skip.If(Exit("unshare", "-m", "mount", "--bind", Root, Target) != 0,
            "this machine allows no mount namespaces (unshare -m)");
        // Each one replaces itself with the next (exec), so they are a single process.
        return IxyProcess.StartOther(
            "unshare", ["-m", "sh", "-c", $"mount --bind {Root} {Target} && exec \"$@\"", "sh", .. program]);
    }

    public void Dispose() => _temporary.Delete(recursive: true);

    // The checkout may be in a directory that only its owner can read.
    private string CopyForAll()
    {
        string copy = Path.Combine(_temporary.FullName, "ixy");
        Directory.CreateDirectory(copy);
        OpenToAll(copy);
        foreach (string file in Directory.GetFiles(AppContext.BaseDirectory, "*.dll")
            .Concat(Directory.GetFiles(AppContext.BaseDirectory, "Ixy.Cli.*")))
        {
            string target = Path.Combine(copy, Path.GetFileName(file));
            File.Copy(file, target, overwrite: true);
            OpenToAll(target);
        }
        return Path.Combine(copy, "Ixy.Cli.dll");
    }

    private static void OpenToAll(string path) => File.SetUnixFileMode(path, File.GetUnixFileMode(path)
        | UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);

    private static int Exit(string file, params string[] arguments)
    {
        using var process = IxyProcess.StartOther(file, arguments);
        return process.WaitForExit();
    }
}
