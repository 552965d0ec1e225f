using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
namespace Ixy.Simulation;

/// <summary>
/// The card's view of memory: an IOMMU in the model. The card reaches only what the driver mapped, and only while the
/// PCI bus master bit is set; everything else is a fault, reported as a violation, never an access.
/// Used under the card's lock.
/// </summary>
internal sealed unsafe class DmaSpace(RuleViolations violations) : IDisposable
{
    private readonly List<Mapping> _mappings = [];
    private readonly List<RemoteMapping> _remote = [];
    private readonly StagedMemory _staged = new();
    private Mapping _last;

    /// <summary>Set from the PCI command register, bit 2.</summary>
    internal bool BusMaster { get; set; }

    /// <summary>DMA accesses refused so far.</summary>
    internal long Faults { get; private set; }

    /// <summary>Makes [<paramref name="iova"/>, + <paramref name="length"/>) reachable at <paramref name="memory"/>.</summary>
    /// <exception cref="ArgumentException">It overlaps an existing mapping.</exception>
    internal void Map(ulong iova, ulong length, nint memory)
    {
        RequireFree(iova, length);
        _mappings.Add(new(iova, iova + length, memory));
    }

    /// <summary>The same for memory that is copied to and fro. Owned until it is unmapped.</summary>
    /// <exception cref="ArgumentException">It overlaps an existing mapping.</exception>
    internal void Map(ulong iova, ulong length, RemoteMemory memory)
    {
        RequireFree(iova, length);
        _remote.Add(new(iova, iova + length, memory));
    }

    /// <summary>Something in a range is mapped already.</summary>
    internal bool IsMapped(ulong iova, ulong length)
    {
        ulong end = iova + length;
        foreach (var mapping in _mappings)
        {
            if (iova < mapping.End && mapping.Start < end) return true;
        }
        return _remote.Any(mapping => iova < mapping.End && mapping.Start < end);
    }

    /// <summary>Takes a mapping away; false if there is none that starts and ends so. Not within a turn.</summary>
    internal bool Unmap(ulong iova, ulong length)
    {
        _last = default;
        if (_mappings.RemoveAll(mapping => mapping.Start == iova && mapping.End == iova + length) == 1) return true;
        int index = _remote.FindIndex(mapping => mapping.Start == iova && mapping.End == iova + length);
        if (index < 0) return false;
        _remote[index].Memory.Dispose();
        _remote.RemoveAt(index);
        return true;
    }

    /// <summary>Takes all mappings away. Not within a turn.</summary>
    internal void Clear()
    {
        _last = default;
        _mappings.Clear();
        foreach (var mapping in _remote) mapping.Memory.Dispose();
        _remote.Clear();
    }

    /// <summary>The card's turn, or a register access, is over: what it wrote to memory that is not mapped here goes there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EndTurn()
    {
        if (!_staged.IsEmpty) _staged.WriteBack(ReportFailure);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Clear();
        _staged.Dispose();
    }

    /// <summary>
    /// Where the card finds [<paramref name="iova"/>, + <paramref name="length"/>): null, and a fault, if it may not go there.
    /// </summary>
    internal byte* Translate(ulong iova, uint length, string purpose)
    {
        // One compare and a subtraction on the common path: the same mapping as last time.
        ulong offset = iova - _last.Start;
        if (BusMaster && offset < _last.Length && length <= _last.Length - offset) return _last.Memory + offset;
        return TranslateSlowly(iova, length, purpose);
    }

    /// <summary>
    /// Asks for the cache line at an address that will be needed soon: software has used it last, so it is in another
    /// core's cache. Only a hint: nothing is read, reported or allowed, and a wrong address does no harm.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Prefetch(ulong iova)
    {
        if (Sse.IsSupported) Sse.Prefetch0(_last.Memory + (iova - _last.Start));
    }

    private byte* TranslateSlowly(ulong iova, uint length, string purpose)
    {
        if (!BusMaster)
        {
            Faults++;
            violations.Add("dma-without-bus-master", purpose, iova, "9.3.3 (PCI command register)",
                "the card was told to do DMA while bus mastering is off in the PCI command register");
            return null;
        }
        foreach (var mapping in _mappings)
        {
            if (iova < mapping.Start || iova >= mapping.End || length > mapping.End - iova) continue;
            _last = mapping;
            return mapping.Memory + (iova - mapping.Start);
        }
        foreach (var mapping in _remote)
        {
            if (iova < mapping.Start || iova >= mapping.End || length > mapping.End - iova) continue;
            byte* copy = _staged.Open(mapping.Memory, iova - mapping.Start, length, purpose);
            if (copy is null) ReportFailure(purpose, iova);
            return copy;
        }
        Faults++;
        violations.Add("dma-outside-mapping", purpose, iova, "IOMMU",
            $"the card was told to reach {length} bytes that the driver has not mapped for it");
        return null;
    }

    private void ReportFailure(string purpose, ulong address)
    {
        Faults++;
        violations.Add("dma-failed", purpose, address, "IOMMU",
            "the host did not carry out an access to memory that it keeps: it does not answer, the memory is read-only, or the access is too large");
    }

    private void RequireFree(ulong iova, ulong length)
    {
        if (length == 0 || iova + length < iova) throw new ArgumentException($"no range: 0x{iova:x} + 0x{length:x}");
        if (IsMapped(iova, length)) throw new ArgumentException($"0x{iova:x} + 0x{length:x} overlaps an existing mapping");
    }

    private sealed record RemoteMapping(ulong Start, ulong End, RemoteMemory Memory);

    private readonly struct Mapping(ulong start, ulong end, nint memory)
    {
        internal readonly ulong Start = start, End = end, Length = end - start;
        internal readonly byte* Memory = (byte*)memory;
    }
}
