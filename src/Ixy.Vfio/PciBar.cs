namespace Ixy.Vfio;

/// <summary>
/// The window of a base address register, of memory or I/O ports: the registers of a PCI function, little-endian.
/// Control paths use the access methods, which work on every transport; a hot path gets a pointer once. Every access
/// reaches the device with exactly that width. Thread-safe as far as the device is.
/// </summary>
public abstract unsafe partial class PciBar
{
    /// <summary>Length of the window in bytes.</summary>
    public abstract uint Length { get; }

    /// <summary>
    /// Reads the 32-bit register at <paramref name="offset"/> (bytes from the start, a multiple of 4).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is outside the window or not aligned.</exception>
    public uint Read32(uint offset) => Load(Checked(offset, sizeof(uint)), sizeof(uint));

    /// <summary>
    /// Writes the 32-bit register at <paramref name="offset"/> (bytes from the start, a multiple of 4).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is outside the window or not aligned.</exception>
    public void Write32(uint offset, uint value) => Store(Checked(offset, sizeof(uint)), value, sizeof(uint));

    /// <summary>
    /// A pointer through which the register of <paramref name="size"/> bytes (1, 2, 4 or 8) at
    /// <paramref name="offset"/> can be written with one volatile store of that size (a doorbell). False if the
    /// transport has no such pointer; then use the methods. The pointer is valid as long as the device is open.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is outside the window or not aligned.</exception>
    public bool TryGetPointer(uint offset, int size, out void* pointer)
    {
        pointer = PointerTo(Checked(offset, size));
        return pointer is not null;
    }

    /// <summary>Reads 1, 2 or 4 bytes at an offset that was checked.</summary>
    protected abstract uint Load(uint offset, int size);

    /// <summary>Writes 1, 2 or 4 bytes at an offset that was checked.</summary>
    protected abstract void Store(uint offset, uint value, int size);

    /// <summary>Where a store reaches the register; null if it takes a call. The offset was checked.</summary>
    protected abstract void* PointerTo(uint offset);

    private uint Checked(uint offset, int size) =>
        offset % (uint)size == 0 && Length >= (uint)size && offset <= Length - (uint)size ? offset
        : throw NoSuchRegister(offset, size);
}
