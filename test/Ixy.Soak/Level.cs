namespace Ixy.Soak;

/// <summary>
/// What this process holds. At the end it must hold no more than at the start. Buffers are those that did not return to
/// their pools although their devices were closed.
/// </summary>
internal sealed record Level(
    int Descriptors, int Mappings, int Threads, long ResidentKiB, long LockedKiB, long HeapKiB, long Buffers)
{
    /// <summary>How much each value may vary: the runtime has its own threads and memory.</summary>
    private static readonly Level s_play = new(0, 64, 8, 48 << 10, 0, 2 << 10, 0);

    /// <summary>How much more of each there may be after many rounds than ever before.</summary>
    private static readonly Level s_rise = new(0, 4, 1, 1 << 10, 0, 64, 0);

    private const int ManyRounds = 12;

    private static readonly string[] s_names = [
        "file descriptors", "mappings", "threads", "resident KiB", "locked KiB", "managed heap KiB", "buffers out",
    ];

    private long[] Values => [Descriptors, Mappings, Threads, ResidentKiB, LockedKiB, HeapKiB, Buffers];

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
            GC.GetTotalMemory(forceFullCollection: true) >> 10,
            Traffic.BuffersOut);
    }

    /// <summary>
    /// Which values have grown over these rounds; empty if none. After many rounds a slow leak shows, too: the least of
    /// the last quarter is then above the most of the first quarter.
    /// </summary>
    internal static string FindGrowth(IReadOnlyList<Level> rounds)
    {
        if (rounds.Count == 0) return "";
        var grown = Compare(rounds[0].Values, rounds[^1].Values, s_play);
        int quarter = rounds.Count / 4;
        if (rounds.Count >= ManyRounds && !grown.Any())
            grown = Compare(Most(rounds.Take(quarter)), Least(rounds.TakeLast(quarter)), s_rise);
        return string.Join(", ", grown);
    }

    private static IEnumerable<string> Compare(long[] before, long[] after, Level allowed) =>
        s_names.Select((name, i) => (Name: name, Before: before[i], After: after[i], Allowed: allowed.Values[i]))
            .Where(value => value.After > value.Before + value.Allowed)
            .Select(value => $"{value.Name} {value.Before} -> {value.After}");

    private static long[] Most(IEnumerable<Level> rounds) =>
        rounds.Select(round => round.Values).Aggregate((a, b) => [.. a.Zip(b, Math.Max)]);

    private static long[] Least(IEnumerable<Level> rounds) =>
        rounds.Select(round => round.Values).Aggregate((a, b) => [.. a.Zip(b, Math.Min)]);

    internal static string Head => "   round         time         packets  " + string.Join("  ", s_names);

    internal string Row(int round, TimeSpan time, long packets) =>
        $"{round,8}  {time:d\\.hh\\:mm\\:ss}  {packets,14:N0}  "
        + string.Join("  ", Values.Select((value, i) => value.ToString().PadLeft(s_names[i].Length)));
}
