namespace Ixy.Vfio.Dma;

/// <summary>
/// A range of addresses, allocated piece by piece: the first gap that is long enough. Not thread-safe.
/// </summary>
/// <param name="start">Its first address, a multiple of every alignment requested.</param>
/// <param name="length">Its length in bytes.</param>
internal sealed class AddressSpace(nuint start, nuint length)
{
    // From the first address of each piece to the one after its last.
    private readonly SortedList<nuint, nuint> _pieces = [];

    internal bool IsEmpty => _pieces.Count == 0;

    /// <summary>Null if no gap is long enough.</summary>
    internal nuint? Take(nuint wanted, nuint alignment)
    {
        nuint address = start;
        foreach (var (piece, end) in _pieces)
        {
            if (piece >= address + wanted) break;
            address = RoundUp(end, alignment);
        }
        if (address + wanted > start + length) return null;
        _pieces.Add(address, address + wanted);
        return address;
    }

    internal void Return(nuint address) => _pieces.Remove(address);

    internal static nuint RoundUp(nuint value, nuint multiple) => (value + multiple - 1) / multiple * multiple;
}
