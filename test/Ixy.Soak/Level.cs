namespace Ixy.Soak;

/// <summary>What this process holds; it must hold no more at the end than at the beginning.</summary>
internal sealed record Level(int Descriptors, int Mappings, int Threads, long ResidentKiB, long LockedKiB, long HeapKiB)
{
    /// <summary>How much each value may vary: the runtime has its own threads and memory.</summary>
    internal static readonly Level Play = new(0, 64, 8, 48 << 10, 0, 2 << 10);

    private static readonly string[] s_names =
        ["file descriptors", "mappings", "threads", "resident KiB", "locked KiB", "managed heap KiB"];

    private long[] Values => [Descriptors, Mappings, Threads, ResidentKiB, LockedKiB, HeapKiB];

    internal static Level Read()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        var status = File.ReadLines("/proc/self/status").Select(line => line.Split(':'))
            .ToDictionary(parts => parts[0], parts => parts[1].Trim().Split(' ')[0]);
        return new(
            // Without the descriptor that lists them.
            Directory.GetFileSystemEntries("/proc/self/fd").Length - 1,
            File.ReadLines("/proc/self/maps").Count(),
            int.Parse(status["Threads"]),
            long.Parse(status["VmRSS"]),
            Math.Max(long.Parse(status["VmLck"]), long.Parse(status["VmPin"])),
            GC.GetTotalMemory(forceFullCollection: true) >> 10);
    }

    /// <summary>Which values have grown by more than <see cref="Play"/> since then; empty if none.</summary>
    internal string GrownSince(Level start) => string.Join(", ", s_names.Select((name, i) =>
        Values[i] > start.Values[i] + Play.Values[i] ? $"{name} {start.Values[i]} -> {Values[i]}" : "")
        .Where(text => text.Length > 0));

    internal static string Head => "   round      time     packets  " + string.Join("  ", s_names);

    internal string Row(int round, TimeSpan time, long packets) =>
        $"{round,8}  {time:hh\\:mm\\:ss}  {packets,10:N0}  "
        + string.Join("  ", Values.Select((value, i) => value.ToString().PadLeft(s_names[i].Length)));
}
