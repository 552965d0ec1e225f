using Ixy.Setup.Examination;

namespace Ixy.Testing.Machine;

/// <summary>
/// A fake directory with <c>sys</c>, <c>proc</c> and <c>dev</c>: initially a machine on which <c>doctor</c> finds no
/// problem, behind an IOMMU that translates, run as root.
/// </summary>
internal sealed class FakeMachine : IDisposable
{
    internal const string Online = "sys/devices/system/cpu/online", Isolated = "sys/devices/system/cpu/isolated",
        Governor = "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor",
        Siblings = "sys/devices/system/cpu/cpu2/topology/thread_siblings_list", Nodes = "sys/devices/system/node/online",
        GroupType = "sys/kernel/iommu_groups/7/type", Type1 = "sys/module/vfio_iommu_type1",
        VfioPci = "sys/module/vfio_pci", Unsafe = $"{Type1}/parameters/allow_unsafe_interrupts",
        Container = "dev/vfio/vfio", Interrupts = "proc/interrupts", Lockdown = "sys/kernel/security/lockdown",
        Status = "proc/self/status", Limits = "proc/self/limits";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("ixy-machine-");
    private readonly HashSet<string> _closed = [];

    internal FakeMachine()
    {
        Files = new OwnFiles(_root.FullName, _closed);
        Write(Online, "0-3");
        Write(Isolated, "");
        for (int core = 0; core < 4; core++)
        {
            Write($"sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list", $"{core}");
            Write($"sys/devices/system/cpu/cpu{core}/cpufreq/scaling_governor", "performance");
        }
        Write(Nodes, "0");
        Write("sys/devices/system/node/node0/cpulist", "0-3");
        SetHugePages(node: 0, total: 64, free: 32);
        Write(GroupType, "DMA-FQ");
        Write(Unsafe, "N");
        Write($"{VfioPci}/refcnt", "1");
        Write(Container, "");
        Write(Interrupts, "           CPU0\n  1:          9   IR-IO-APIC   1-edge      i8042");
        Write(Lockdown, "[none] integrity confidentiality");
        BeUser(root: true);
        SetLockedLimit("unlimited");
    }

    internal MachineFiles Files { get; }

    internal void Write(string path, string text)
    {
        string file = Files.PathOf(path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, $"{text}\n");
    }

    internal void Delete(string path)
    {
        if (Directory.Exists(Files.PathOf(path))) Directory.Delete(Files.PathOf(path), recursive: true);
        else File.Delete(Files.PathOf(path));
    }

    /// <summary>Makes a file inaccessible to the user.</summary>
    internal void Close(string path) => _closed.Add(path);

    /// <summary>Sets whose process it is. Root has all capabilities, any other user none.</summary>
    internal void BeUser(bool root) => Write(Status, root
        ? "Name:\tixy\nUid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\nCpus_allowed_list:\t0-3"
        : "Name:\tixy\nUid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\nCpus_allowed_list:\t0-3");

    internal void SetLockedLimit(string bytes) =>
        Write(Limits, $"Limit                     Soft Limit           Hard Limit           Units\n"
            + $"Max locked memory         {bytes,-20} {bytes,-20} bytes");

    internal void SetHugePages(int node, int total, int free, string length = "2048")
    {
        string pool = $"sys/devices/system/node/node{node}/hugepages/hugepages-{length}kB";
        Write($"{pool}/nr_hugepages", $"{total}");
        Write($"{pool}/free_hugepages", $"{free}");
    }

    public void Dispose() => _root.Delete(recursive: true);

    private sealed class OwnFiles(string root, HashSet<string> closed) : MachineFiles(root)
    {
        internal override bool CanUse(string path) => Exists(path) && !closed.Contains(path);
    }
}
