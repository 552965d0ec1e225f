using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Ixy.Hosting.Dma;

namespace Ixy.Hosting;

/// <summary>
/// The device's view of memory: an IOMMU in the model. The device reaches only what the driver mapped, and only while
/// the PCI bus master bit is set; anything else is a fault, reported as a violation, and never an access. Used under
/// the device's lock.
/// </summary>
public sealed unsafe class DmaSpace : IDisposable
{
    private readonly MappedRuns _runs;
    private readonly AcrossRuns _across;
    private readonly StagedMemory _staged = new();
    private readonly RuleViolations _violations;
    private MappedRun _last;

    // This turn has used some.
    private bool _hasCopies;

    private bool _mayGo;

    internal DmaSpace(RuleViolations violations)
    {
        (_runs, _violations) = (new(), violations);
        _across = new(_runs);
    }

    /// <summary>Receives each access; see <see cref="PciFunctionModel.Observer"/>.</summary>
    internal FunctionObserver? Observer { get; set; }

    /// <summary>Set from the PCI command register, bit 2.</summary>
    public bool BusMaster
    {
        get;
        set
        {
            field = value;
            _mayGo = BusMaster && !IsRefused;
        }
    }

    /// <summary>
    /// The IOMMU refuses every access, whatever the driver mapped. This is a fault of the machine, so it is not
    /// reported as a violation by the driver. Not to be set within a turn.
    /// </summary>
    public bool IsRefused
    {
        get;
        set
        {
            field = value;
            _mayGo = BusMaster && !IsRefused;
        }
    }

    /// <summary>How many DMA accesses were refused.</summary>
    public long Faults { get; private set; }

    /// <summary>
    /// Makes [<paramref name="iova"/>, + <paramref name="length"/>) reachable at <paramref name="memory"/>.
    /// </summary>
    /// <exception cref="ArgumentException">It overlaps an existing mapping.</exception>
    internal void Map(ulong iova, ulong length, nint memory)
    {
        RequireFree(iova, length);
        _runs.Add(new(iova, iova + length, memory));
        Observer?.MemoryMapped(iova, length);
    }

    /// <summary>The same for memory that is copied back and forth. Owned until it is unmapped.</summary>
    /// <exception cref="ArgumentException">It overlaps an existing mapping.</exception>
    internal void Map(ulong iova, ulong length, RemoteMemory memory)
    {
        RequireFree(iova, length);
        _runs.Add(new(iova, iova + length, memory));
        Observer?.MemoryMapped(iova, length);
    }

    /// <summary>Whether anything in a range is already mapped.</summary>
    internal bool IsMapped(ulong iova, ulong length) => _runs.Overlaps(iova, length);

    /// <summary>
    /// Unmaps what was mapped by one call, or a part of it unless its memory is copied; false if it is not mapped. Not
    /// to be called within a turn.
    /// </summary>
    internal bool Unmap(ulong iova, ulong length)
    {
        _last = default;
        if (!_runs.TryCut(iova, length, out var remote)) return false;
        remote?.Dispose();
        Observer?.MemoryUnmapped(iova, length);
        return true;
    }

    /// <summary>Removes all mappings. Not to be called within a turn.</summary>
    internal void Clear()
    {
        _last = default;
        foreach (var run in _runs.All) run.Remote?.Dispose();
        _runs.Clear();
    }

    /// <summary>
    /// Flushes what the device wrote to memory that is not mapped here. Call it before the device writes anything that
    /// tells software about it, and before an interrupt: posted writes do not pass each other (PCI Express, 2.4.1).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push()
    {
        if (_hasCopies) _staged.WriteBack(ReportFailure);
    }

    /// <summary>
    /// Fetches again what software may have changed since the turn began, if it is in memory that is not mapped here.
    /// The device's own writes there must have been flushed. False, and a fault, if the memory does not answer.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool LookAgain(void* memory, uint length) =>
        !_hasCopies || _staged.LookAgain((byte*)memory, length, ReportFailure);

    /// <summary>
    /// The device's turn, or a register access, is over: pointers into memory that is not mapped here become invalid.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EndTurn()
    {
        if (!_hasCopies) return;
        _staged.WriteBack(ReportFailure);
        _staged.Clear();
        _hasCopies = false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Clear();
        _staged.Dispose();
    }

    /// <summary>
    /// The memory at [<paramref name="iova"/>, + <paramref name="length"/>) as the device sees it; null, and a fault,
    /// if the device may not access it.
    /// </summary>
    public byte* Translate(ulong iova, uint length, string purpose)
    {
        // One compare and a subtraction on the common path: the same mapping as last time.
        ulong offset = iova - _last.Start;
        if (_mayGo && offset < _last.Length && length <= _last.Length - offset) return _last.Memory + offset;
        return TranslateSlowly(iova, length, purpose);
    }

    /// <summary>
    /// Requests the cache line at an address the device will read soon: software used it last, so it is in another
    /// core's cache. Only a hint: nothing is read, reported or checked, and a wrong address does no harm.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(ulong iova)
    {
        if (Sse.IsSupported) Sse.Prefetch0(_last.Memory + (iova - _last.Start));
    }

    /// <summary>The same for a line that the device will write.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchForWrite(ulong iova) => WritePrefetch.Request(_last.Memory + (iova - _last.Start));

    /// <summary>
    /// The memory at an address that is mapped directly; null otherwise. For observers: nothing is counted or reported.
    /// </summary>
    public byte* Peek(ulong iova, uint length) =>
        _runs.TryFind(iova, out var run) && run.Remote is null && length <= run.End - iova
            ? run.Memory + (iova - run.Start) : null;

    private byte* TranslateSlowly(ulong iova, uint length, string purpose)
    {
        if (!BusMaster)
        {
            Faults++;
            _violations.Add("dma-without-bus-master", purpose, iova, "9.3.3 (PCI command register)",
                "the card was told to do DMA while bus mastering is off in the PCI command register");
            return null;
        }
        if (IsRefused)
        {
            Faults++;
            return null;
        }
        if (_runs.TryFind(iova, out var run))
        {
            bool isWhole = length <= run.End - iova;
            if (isWhole || _runs.Covers(iova, length)) Observer?.MemoryAccessed(iova, length, purpose);
            if (isWhole && run.Remote is null)
            {
                // With an observer, every access takes this path.
                if (Observer is null) _last = run;
                return run.Memory + (iova - run.Start);
            }
            if (isWhole) return OpenCopy(run.Remote!, iova, iova - run.Start, length, purpose);
            if (_runs.Covers(iova, length)) return OpenCopy(_across, iova, iova, length, purpose);
        }
        Faults++;
        _violations.Add("dma-outside-mapping", purpose, iova, "IOMMU",
            $"the card was told to reach {length} bytes that the driver has not mapped for it");
        return null;
    }

    private byte* OpenCopy(RemoteMemory memory, ulong iova, ulong offset, uint length, string purpose)
    {
        byte* copy = _staged.Open(memory, offset, length, purpose, iova);
        if (copy is null) ReportFailure(purpose, iova);
        _hasCopies = true;
        return copy;
    }

    private void ReportFailure(string purpose, ulong address)
    {
        Faults++;
        _violations.Add("dma-failed", purpose, address, "IOMMU",
            "the host did not carry out an access to memory that it keeps: it does not answer, the memory is "
            + "read-only, or the access is too large");
    }

    private void RequireFree(ulong iova, ulong length)
    {
        if (length == 0 || iova + length < iova) throw new ArgumentException($"no range: 0x{iova:x} + 0x{length:x}");
        if (IsMapped(iova, length))
            throw new ArgumentException($"0x{iova:x} + 0x{length:x} overlaps an existing mapping");
    }
}
