using System.Globalization;
using Ixy.Vfio.Interop;

namespace Ixy.Testing.Machine;

/// <summary>Reserves every huge page that is free, so that nobody else gets one for the moment.</summary>
internal sealed class AllHugePages : IDisposable
{
    private const int MAP_HUGETLB = 0x40000;
    private const nuint HugePage = 2 << 20;
    private readonly List<(nint Address, nuint Length)> _reserved = [];

    /// <summary>
    /// Does something while nobody gets a huge page, and does it again if it failed and another process gave some back
    /// meanwhile.
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
                // The pages were there, so it could not be seen.
            }
        }
    }

    /// <summary>
    /// Skips the test if the machine has fewer; if others have them for the moment, waits for them, a minute at most.
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

    /// <summary>Huge pages of 2 MiB that are neither in use nor promised.</summary>
    private static int Free() => Value("HugePages_Free:") - Value("HugePages_Rsvd:");

    public void Dispose()
    {
        foreach (var (address, length) in _reserved) _ = Libc.munmap(address, length);
    }

    // A private mapping reserves its pages when it is made, and takes none until they are touched.
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
