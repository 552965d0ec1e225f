using Ixy.Vfio.Interop;

namespace Ixy.Vfio.Bars;

/// <summary>
/// A BAR accessed through a file: I/O ports, or memory that cannot be mapped as a whole. One read or write of the file
/// is one access of exactly that width; mapped areas are accessed by loads and stores.
/// </summary>
internal unsafe class FileBar : PartlyMappedBar
{
    private readonly string _name;
    private readonly int _fd;
    private readonly long _start;

    /// <param name="name">For messages: function and BAR.</param>
    /// <param name="fd">Owned by the caller; must stay open while the BAR is in use.</param>
    /// <param name="start">Where the BAR begins in the file.</param>
    /// <param name="length">Length of the BAR in bytes.</param>
    /// <param name="areas">The areas to map, in order, starting at multiples of 4 KiB.</param>
    /// <exception cref="PciDeviceException">An area cannot be mapped.</exception>
    internal FileBar(string name, int fd, long start, uint length, IReadOnlyList<(uint Start, uint Length)> areas)
        : base(name, fd, start, length, areas) => (_name, _fd, _start) = (name, fd, start);

    protected override uint Load(uint offset, int size)
    {
        void* pointer = PointerTo(offset, size);
        if (pointer is not null) return MappedBar.LoadAt(pointer, size);
        uint value = 0;
        if (Libc.pread(_fd, &value, (nuint)size, _start + offset) != size)
            throw new PciDeviceException($"{_name}: {size} bytes at 0x{offset:x} cannot be read: {Libc.LastError()}");
        return value;
    }

    protected override void Store(uint offset, uint value, int size)
    {
        void* pointer = PointerTo(offset, size);
        if (pointer is not null) MappedBar.StoreAt(pointer, value, size);
        else if (Libc.pwrite(_fd, &value, (nuint)size, _start + offset) != size)
            throw new PciDeviceException(
                $"{_name}: {size} bytes at 0x{offset:x} cannot be written: {Libc.LastError()}");
    }
}
