using System.Globalization;
using Ixy.Vfio.Dma;

namespace Ixy.Testing.Machine;

/// <summary>The memory nodes of this machine.</summary>
internal static unsafe class NumaNodes
{
    /// <summary>
    /// The policy that says on which node the pages at an address belong, as the kernel shows it (proc(5), numa_maps):
    /// the start of a mapping, then its policy.
    /// </summary>
    internal static string PolicyOf(ulong address) =>
        File.ReadLines("/proc/self/numa_maps").Select(line => line.Split(' '))
        .Last(words => ulong.Parse(words[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture) <= address)[1];

    /// <summary>Skips a test where the node of a page cannot be queried.</summary>
    internal static void SkipWithout()
    {
        Skip.IfNot(Directory.Exists("/sys/devices/system/node/node0"),
            "the kernel of this machine knows no NUMA nodes");
        int here = 1;
        Skip.If(NumaMemory.NodeOf((nuint)(&here)) is null,
            "this process may not ask where its pages are (move_pages(2))");
    }
}
