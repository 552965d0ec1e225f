namespace Ixy.Vfio;

// Registers of 8 and 16 bits, as virtio has them, and the error for a bad offset.
public abstract unsafe partial class PciBar
{
    /// <summary>Reads the 8-bit register at <paramref name="offset"/> (bytes from the start).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is outside the window.</exception>
    public byte Read8(uint offset) => (byte)Load(Checked(offset, sizeof(byte)), sizeof(byte));

    /// <summary>
    /// Reads the 16-bit register at <paramref name="offset"/> (bytes from the start, a multiple of 2).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is outside the window or not aligned.</exception>
    public ushort Read16(uint offset) => (ushort)Load(Checked(offset, sizeof(ushort)), sizeof(ushort));

    /// <summary>Writes the 8-bit register at <paramref name="offset"/> (bytes from the start).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is outside the window.</exception>
    public void Write8(uint offset, byte value) => Store(Checked(offset, sizeof(byte)), value, sizeof(byte));

    /// <summary>
    /// Writes the 16-bit register at <paramref name="offset"/> (bytes from the start, a multiple of 2).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is outside the window or not aligned.</exception>
    public void Write16(uint offset, ushort value) => Store(Checked(offset, sizeof(ushort)), value, sizeof(ushort));

    private ArgumentOutOfRangeException NoSuchRegister(uint offset, int size) => new(nameof(offset),
        $"0x{offset:x} is not a {size * 8}-bit register of a BAR of 0x{Length:x} bytes: expected a multiple of {size} "
        + "below its length");
}
