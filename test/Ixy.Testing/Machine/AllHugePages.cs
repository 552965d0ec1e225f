using System.Globalization;
using Ixy.Vfio.Interop;

namespace Ixy.Testing.Machine;

/// <summary>
/// Reserves every free huge page, and those that others release, so that nothing else gets one in the meantime.
/// </summary>
internal sealed class AllHugePages : IDisposable
{
    private const int MAP_HUGETLB = 0x40000;
    private const nuint HugePage = 2 << 20;
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(5);
    private readonly List<(nint Address, nuint Length)> _reserved = [];
    private readonly Timer _timer;
    private readonly int _before;

    /// <summary>
    /// Runs a test while no huge page is free, and again if it failed because another process had released some in the
    /// meantime.
    /// </summary>
    internal static void Hold(Action test)
    {
        using var turn = TakeTurn();
        for (int attempt = 0; ; attempt++)
        {
            using var all = new AllHugePages();
            try
            {
                test();
                return;
            }
            catch (Xunit.Sdk.XunitException) when (attempt < 20 && all.TakeReleased())
            {
                // Huge pages were free, so this attempt showed nothing.
            }
        }
    }

    /// <summary>
    /// Skips the test if the machine has fewer; if others are using them at the moment, waits up to a minute.
    /// </summary>
    /// <returns>To be disposed at the end of the test: until then no other test takes all of them.</returns>
    internal static IDisposable Require(int pages)
    {
        var turn = TakeTurn();
        long start = Environment.TickCount64;
        while (Free() < pages && Value("HugePages_Total:") >= pages && Environment.TickCount64 - start < 60_000)
            Thread.Sleep(50);
        if (Free() >= pages) return turn;
        turn.Dispose();
        throw new SkipException($"fewer than {pages} huge pages of 2 MiB are free (vm.nr_hugepages)");
    }

    // Test projects run at the same time. The lock ends with the process.
    private static FileStream TakeTurn()
    {
        string path = Path.Combine(Path.GetTempPath(), "ixy-tests-huge-pages");
        for (long end = Environment.TickCount64 + 300_000; ; Thread.Sleep(50))
        {
            try
            {
                return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (Environment.TickCount64 < end)
            {
                // Another project's test has them.
            }
        }
    }

    private AllHugePages()
    {
        Skip.If(File.ReadAllText("/proc/sys/vm/nr_overcommit_hugepages").Trim() != "0",
            "the kernel makes huge pages on demand (nr_overcommit_hugepages)");
        TakeReleased();
        _before = _reserved.Count;
        _timer = new(_ => TakeReleased(), null, s_interval, s_interval);
    }

    // Whether pages were released, and taken, since the start.
    private bool TakeReleased()
    {
        lock (_reserved)
        {
            for (int pages = Free(); pages > 0 && _reserved.Count < 100; pages = TryReserve(pages) ? Free() : pages / 2)
            {
            }
            return _reserved.Count > _before;
        }
    }

    /// <summary>Huge pages of 2 MiB that are neither in use nor reserved.</summary>
    private static int Free() => Value("HugePages_Free:") - Value("HugePages_Rsvd:");

    public void Dispose()
    {
        using var ended = new ManualResetEvent(false);
        if (_timer.Dispose(ended)) ended.WaitOne();
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
