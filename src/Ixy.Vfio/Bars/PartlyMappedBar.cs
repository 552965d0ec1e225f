namespace Ixy.Vfio.Bars;

/// <summary>A BAR with some, all or none of its areas mapped into this process.</summary>
internal abstract unsafe class PartlyMappedBar : PciBar, IDisposable
{
    private readonly List<(uint Start, MappedBar Bar)> _areas = [];

    /// <param name="name">For messages: function and BAR.</param>
    /// <param name="fd">The file with the areas; not needed if there are none.</param>
    /// <param name="start">Where the BAR begins in the file.</param>
    /// <param name="length">Length of the BAR in bytes.</param>
    /// <param name="areas">The areas to map, in order, starting at multiples of 4 KiB.</param>
    /// <exception cref="PciDeviceException">An area cannot be mapped.</exception>
    protected PartlyMappedBar(
        string name, int fd, long start, uint length, IReadOnlyList<(uint Start, uint Length)> areas)
    {
        Length = length;
        try
        {
            foreach (var area in areas)
                _areas.Add((area.Start, MappedBar.Map(name, fd, start + area.Start, area.Length)));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override uint Length { get; }

    public virtual void Dispose()
    {
        foreach (var (_, bar) in _areas) bar.Dispose();
        _areas.Clear();
    }

    protected override void* PointerTo(uint offset) => PointerTo(offset, sizeof(byte));

    /// <summary>Where a register of this many bytes is mapped; null if it is not.</summary>
    protected void* PointerTo(uint offset, int size)
    {
        foreach (var (start, bar) in _areas)
        {
            if (offset >= start && offset - start + (uint)size <= bar.Length) return bar.Address + (offset - start);
        }
        return null;
    }
}
