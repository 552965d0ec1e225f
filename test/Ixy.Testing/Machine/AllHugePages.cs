using System.Globalization;
using Ixy.Vfio.Interop;

namespace Ixy.Testing.Machine;

/// <summary>Reserves every free huge page, so that nothing else gets one in the meantime.</summary>
internal sealed class AllHugePages : IDisposable
{
    private const int MAP_HUGETLB = 0x40000;
    private const nuint HugePage = 2 << 20;
    private readonly List<(nint Address, nuint Length)> _reserved = [];

    /// <summary>
    /// Runs a test while no huge page is free, and again if it failed because another process had released some in the
    /// meantime.
    /// </summary>
    internal static void Hold(Action test)
    {
        for (int attempt = 0; ; attempt++)
        {
            using var all = new AllHugePages();
            try
            {
                test();
                return;
            }
            catch (Xunit.Sdk.XunitException) when (attempt < 20 && Free() > 0)
            {
                // Huge pages were free, so this attempt showed nothing.
            }
        }
    }

    /// <summary>
    /// Skips the test if the machine has fewer; if others are using them at the moment, waits up to a minute.
    /// </summary>
    internal static void Require(int pages)
    {
        long start = Environment.TickCount64;
        while (Free() < pages && Value("HugePages_Total:") >= pages && Environment.TickCount64 - start < 60_000)
            Thread.Sleep(50);
        Skip.If(Free() < pages, $"fewer than {pages} huge pages of 2 MiB are free (vm.nr_hugepages)");
    }

    private AllHugePages()
    {
        Skip.If(File.ReadAllText("/proc/sys/vm/nr_overcommit_hugepages").Trim() != "0",
            "the kernel makes huge pages on demand (nr_overcommit_hugepages)");
        for (int pages = Free(); pages > 0; pages = _reserved.Count < 100 && TryReserve(pages) ? Free() : pages / 2)
        {
        }
    }

    /// <summary>Huge pages of 2 MiB that are neither in use nor reserved.</summary>
    private static int Free() => Value("HugePages_Free:") - Value("HugePages_Rsvd:");

    public void Dispose()
    {
        foreach (var (address, length) in _reserved) _ = Libc.munmap(address, length);
    }

    // A private mapping reserves its pages when it is created, but allocates none until they are touched.
    private bool TryReserve(int pages)
    {
        nuint length = (nuint)pages * HugePage;
        nint address = Libc.mmap(
            0, length, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
        if (address == Libc.MapFailed) return false;
        _reserved.Add((address, length));
        return true;
    }

    private static int Value(string name) =>
        File.ReadLines("/proc/meminfo").Where(line => line.StartsWith(name, StringComparison.Ordinal))
        .Select(line => int.Parse(line[name.Length..], CultureInfo.InvariantCulture)).FirstOrDefault();
}
