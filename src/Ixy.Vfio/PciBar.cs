namespace Ixy.Vfio;

/// <summary>
/// A base address register's window: the registers of a PCI function, little-endian.
/// Control paths use the access methods, which work on every transport; a hot path asks once for a pointer.
/// Safe for several threads as far as the device is.
/// </summary>
public abstract unsafe class PciBar
{
    /// <summary>Length of the window in bytes.</summary>
    public abstract uint Length { get; }

    /// <summary>Reads the 32-bit register at <paramref name="offset"/> (bytes from the start, a multiple of 4).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is outside the window or not aligned.</exception>
    public abstract uint Read32(uint offset);

    /// <summary>Writes the 32-bit register at <paramref name="offset"/> (bytes from the start, a multiple of 4).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is outside the window or not aligned.</exception>
    public abstract void Write32(uint offset, uint value);

    /// <summary>
    /// A pointer through which the 32-bit register at <paramref name="offset"/> can be written with one volatile store
    /// (a doorbell). False where the transport has no such pointer; then use <see cref="Write32"/>.
    /// The pointer lives as long as the device is open.
    /// </summary>
    public abstract bool TryGetPointer(uint offset, out uint* pointer);

    /// <summary>Throws unless a 32-bit access at <paramref name="offset"/> lies inside the window and is aligned.</summary>
    protected void CheckOffset(uint offset)
    {
        if (offset % sizeof(uint) != 0 || offset > Length - sizeof(uint))
            throw new ArgumentOutOfRangeException(nameof(offset),
                $"0x{offset:x} is no 32-bit register of a BAR of 0x{Length:x} bytes: expected a multiple of 4 below its length.");
    }
}
