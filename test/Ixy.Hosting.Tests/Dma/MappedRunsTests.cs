using FsCheck;
using FsCheck.Fluent;
using Ixy.Hosting.Dma;

namespace Ixy.Hosting.Tests.Dma;

/// <summary>
/// Mappings added and removed, checked against a table of pages: what is mapped, where to, and in how few runs.
/// </summary>
public sealed unsafe class MappedRunsTests
{
    private const int Pages = 24;
    private const ulong Page = 4096, First = 0x7000_0000;

    // Both kinds of memory are at the device address plus a distance, so neighbours of one kind form one run.
    private static readonly ulong[] s_distances = [0x1000_0000, 0x5000_0000_0000];

    [Fact]
    public void TheyAreWhatATableOfPagesSays()
    {
        var step = from page in Gen.Choose(0, Pages - 1)
                   from count in Gen.Choose(1, 6)
                   from kind in Gen.Choose(-1, s_distances.Length - 1)
                   select (page, Math.Min(count, Pages - page), kind);
        Prop.ForAll(Arb.From(step.ListOf()), steps =>
        {
            var runs = new MappedRuns();
            var table = new ulong?[Pages];
            foreach (var (page, count, kind) in steps)
            {
                if (kind < 0) Cut(runs, table, page, count);
                else Add(runs, table, page, count, s_distances[kind]);
                Check(runs, table);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(60));
    }

    [Fact]
    public void MemoryElsewhereStaysOnePiece()
    {
        var runs = new MappedRuns();
        byte* none = null;
        using FarMemory one = new(none, 0), other = new(none, 0);
        runs.Add(new(First, First + 2 * Page, one));
        runs.Add(new(First + 2 * Page, First + 3 * Page, other));
        Assert.Equal(2, runs.All.Count);
        Assert.True(runs.Covers(First, 3 * Page));
        Assert.False(runs.TryCut(First, Page, out _));
        Assert.False(runs.TryCut(First, 3 * Page, out _));
        Assert.True(runs.TryCut(First, 2 * Page, out var cut));
        Assert.Same(one, cut);
        Assert.False(runs.Covers(First + Page, 2 * Page));
    }

    [Fact]
    public void TheEndOfTheAddressesIsNoBeginning()
    {
        var runs = new MappedRuns();
        const ulong Last = ulong.MaxValue - 2 * Page + 1;
        runs.Add(new(Last, Last + Page, 0x10_0000));
        Assert.True(runs.Overlaps(Last, 2 * Page));
        Assert.False(runs.Overlaps(Last + Page, Page));
        Assert.True(runs.TryFind(Last + Page - 1, out _));
        Assert.False(runs.TryFind(Last + Page, out _));
        Assert.False(runs.TryFind(0, out _));
        Assert.True(runs.Covers(Last, Page));
        Assert.False(runs.Covers(Last, 2 * Page));
        Assert.False(runs.Covers(Last + Page / 2, 2 * Page));
        Assert.False(runs.TryCut(Last, ulong.MaxValue, out _));
        Assert.False(runs.TryCut(Last, 0, out _));
    }

    private static void Add(MappedRuns runs, ulong?[] table, int page, int count, ulong distance)
    {
        if (table.AsSpan(page, count).ContainsAnyExcept((ulong?)null)) return;
        ulong start = First + (ulong)page * Page;
        runs.Add(new(start, start + (ulong)count * Page, (nint)(start + distance)));
        table.AsSpan(page, count).Fill(distance);
    }

    // Only a range within one run can be removed at once.
    private static void Cut(MappedRuns runs, ulong?[] table, int page, int count)
    {
        bool isOne = table[page] is not null && !table.AsSpan(page, count).ContainsAnyExcept(table[page]);
        Assert.Equal(isOne, runs.TryCut(First + (ulong)page * Page, (ulong)count * Page, out _));
        if (isOne) table.AsSpan(page, count).Clear();
    }

    private static void Check(MappedRuns runs, ulong?[] table)
    {
        int expected = Enumerable.Range(0, Pages)
            .Count(page => table[page] is not null && (page == 0 || table[page - 1] != table[page]));
        Assert.Equal(expected, runs.All.Count);
        for (int page = -1; page <= Pages; page++)
        {
            ulong start = First + (ulong)((long)Page * page);
            ulong? distance = page < 0 || page == Pages ? null : table[page];
            foreach (ulong iova in (ulong[])[start, start + Page - 1])
            {
                Assert.Equal(distance is not null, runs.TryFind(iova, out var run));
                if (distance is not null) Assert.Equal(iova + distance.Value, (ulong)run.Memory + (iova - run.Start));
            }
            for (int count = 1; page >= 0 && page + count <= Pages; count++)
            {
                var part = table.AsSpan(page, count);
                Assert.Equal(part.ContainsAnyExcept((ulong?)null), runs.Overlaps(start, (ulong)count * Page));
                Assert.Equal(!part.Contains(null), runs.Covers(start, (ulong)count * Page));
            }
        }
    }
}
