using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

/// <summary>
/// A BAR behind a file: of I/O ports, or of memory that cannot be mapped as a whole. One read or write of the file is one
/// access of exactly that width; mapped areas are reached by loads and stores.
/// </summary>
internal sealed unsafe class FileBar : PciBar, IDisposable
{
    private readonly string _name;
    private readonly int _fd;
    private readonly long _start;
    private readonly List<(uint Start, MappedBar Bar)> _areas = [];

    /// <param name="name">For messages: function and BAR.</param>
    /// <param name="fd">Owned by the caller; open for as long as the BAR is in use.</param>
    /// <param name="start">Where the BAR begins in the file.</param>
    /// <param name="length">Of the BAR in bytes.</param>
    /// <param name="areas">What to map, in order, starting at multiples of 4 KiB.</param>
    /// <exception cref="PciDeviceException">An area cannot be mapped.</exception>
    internal FileBar(string name, int fd, long start, uint length, IReadOnlyList<(uint Start, uint Length)> areas)
    {
        (_name, _fd, _start, Length) = (name, fd, start, length);
        try
        {
            foreach (var area in areas) _areas.Add((area.Start, MappedBar.Map(name, fd, start + area.Start, area.Length)));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override uint Length { get; }

    public void Dispose()
    {
        foreach (var (_, bar) in _areas) bar.Dispose();
        _areas.Clear();
    }

    protected override uint Load(uint offset, int size)
    {
        void* pointer = PointerTo(offset, size);
        if (pointer is not null) return MappedBar.Load(pointer, size);
        uint value = 0;
        if (Libc.pread(_fd, &value, (nuint)size, _start + offset) != size)
            throw new PciDeviceException($"{_name}: {size} bytes at 0x{offset:x} cannot be read: {Libc.LastError()}");
        return value;
    }

    protected override void Store(uint offset, uint value, int size)
    {
        void* pointer = PointerTo(offset, size);
        if (pointer is not null) MappedBar.Store(pointer, value, size);
        else if (Libc.pwrite(_fd, &value, (nuint)size, _start + offset) != size)
            throw new PciDeviceException($"{_name}: {size} bytes at 0x{offset:x} cannot be written: {Libc.LastError()}");
    }

    protected override void* PointerTo(uint offset) => PointerTo(offset, sizeof(byte));

    private void* PointerTo(uint offset, int size)
    {
        foreach (var (start, bar) in _areas)
        {
            if (offset >= start && offset - start + (uint)size <= bar.Length) return bar.Address + (offset - start);
        }
        return null;
    }
}
