namespace Ixy.Hosting.Dma;

/// <summary>Contiguous device addresses, and the memory they map to: in this process, or elsewhere.</summary>
internal readonly unsafe struct MappedRun
{
    internal readonly ulong Start, End, Length;

    /// <summary>The memory at <see cref="Start"/>; null if <see cref="Remote"/> is not.</summary>
    internal readonly byte* Memory;

    internal readonly RemoteMemory? Remote;

    internal MappedRun(ulong start, ulong end, nint memory) : this(start, end) => Memory = (byte*)memory;

    internal MappedRun(ulong start, ulong end, RemoteMemory memory) : this(start, end) => Remote = memory;

    private MappedRun(ulong start, ulong end) => (Start, End, Length) = (start, end, end - start);

    internal bool Contains(ulong iova) => iova - Start < Length;

    /// <summary>The other run continues this one, in addresses and in memory.</summary>
    internal bool IsFollowedBy(in MappedRun next) =>
        Remote is null && next.Remote is null && End == next.Start && Memory + Length == next.Memory;

    /// <summary>Both as one run.</summary>
    internal MappedRun With(in MappedRun next) => new(Start, next.End, (nint)Memory);

    /// <summary>The part of it from one address to another. Memory elsewhere can only be taken whole.</summary>
    internal MappedRun Part(ulong start, ulong end) => new(start, end, (nint)(Memory + (start - Start)));
}

/// <summary>
/// What is mapped, in ascending order. An IOMMU knows pages, not which of them were mapped together, so mappings that
/// are contiguous both in addresses and in memory become one run.
/// </summary>
internal sealed class MappedRuns
{
    private readonly List<MappedRun> _runs = [];

    /// <summary>The runs, ascending.</summary>
    internal IReadOnlyList<MappedRun> All => _runs;

    /// <summary>The run that an address is in.</summary>
    internal bool TryFind(ulong iova, out MappedRun run)
    {
        int index = CountUntil(iova) - 1;
        run = index >= 0 ? _runs[index] : default;
        return index >= 0 && run.Contains(iova);
    }

    /// <summary>Whether anything in a range is mapped; its end may be 2^64.</summary>
    internal bool Overlaps(ulong iova, ulong length)
    {
        ulong last = iova + (length - 1);
        int index = CountUntil(last) - 1;
        return length != 0 && index >= 0 && _runs[index].End > iova;
    }

    /// <summary>Whether all of a range is mapped. A range that goes beyond the last address is not.</summary>
    internal bool Covers(ulong iova, ulong length)
    {
        ulong end = iova + length;
        if (end < iova) return false;
        while (iova < end)
        {
            if (!TryFind(iova, out var run)) return false;
            iova = run.End;
        }
        return true;
    }

    /// <summary>Adds a run that overlaps none.</summary>
    internal void Add(MappedRun run)
    {
        int index = CountUntil(run.Start);
        if (index < _runs.Count && run.IsFollowedBy(_runs[index]))
        {
            run = run.With(_runs[index]);
            _runs.RemoveAt(index);
        }
        if (index > 0 && _runs[index - 1].IsFollowedBy(run))
        {
            run = _runs[--index].With(run);
            _runs.RemoveAt(index);
        }
        _runs.Insert(index, run);
    }

    /// <summary>
    /// Removes a range that is within a single run, or all of a run if its memory is elsewhere; false for any other
    /// range.
    /// </summary>
    /// <param name="iova">Its first address.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="remote">The memory elsewhere that it mapped to.</param>
    internal bool TryCut(ulong iova, ulong length, out RemoteMemory? remote)
    {
        remote = null;
        if (length == 0 || !TryFind(iova, out var run) || length > run.End - iova) return false;
        if (run.Remote is not null && length != run.Length) return false;
        remote = run.Remote;
        int index = CountUntil(iova) - 1;
        ulong end = iova + length;
        _runs.RemoveAt(index);
        if (end < run.End) _runs.Insert(index, run.Part(end, run.End));
        if (run.Start < iova) _runs.Insert(index, run.Part(run.Start, iova));
        return true;
    }

    /// <summary>Removes all of them.</summary>
    internal void Clear() => _runs.Clear();

    // How many runs start at or before an address.
    private int CountUntil(ulong iova)
    {
        int low = 0, high = _runs.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_runs[middle].Start <= iova) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
