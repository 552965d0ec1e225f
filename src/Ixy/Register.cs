using System.Runtime.CompilerServices;

namespace Ixy;

/// <summary>What a register does when software reads or writes it.</summary>
public enum RegisterAccess
{
    /// <summary>Holds what was written.</summary>
    ReadWrite,

    /// <summary>Writes are ignored.</summary>
    ReadOnly,

    /// <summary>Writes act; reads return 0.</summary>
    WriteOnly,

    /// <summary>A counter or cause that is cleared by reading.</summary>
    ReadClear,

    /// <summary>Writing ones clears bits; reading clears all (interrupt cause).</summary>
    ReadClearWriteOneClear,
}

/// <summary>
/// A register, or an array of them, as in the datasheet: declared once, as a static field of a table, and used by the
/// driver, the card model, the access trace and the documentation.
/// </summary>
/// <param name="Offset">Bytes from the start of the BAR to the first element.</param>
/// <param name="Meaning">One line, with the datasheet section.</param>
/// <param name="Reset">Value after reset.</param>
/// <param name="Count">How many there are; 1 for a single register.</param>
/// <param name="Stride">Bytes from one element to the next.</param>
/// <param name="Access">What reads and writes do.</param>
/// <param name="Size">Bytes of an element, and its access width: 1, 2 or 4.</param>
/// <param name="Split">First index of the upper half of an array that is in two places; no such index by
/// default.</param>
/// <param name="Upper">Where that half starts: the offset of index <paramref name="Split"/>.</param>
/// <param name="Name">The datasheet's name; by default that of the field.</param>
public sealed partial record Register(uint Offset, string Meaning, uint Reset = 0, int Count = 1, uint Stride = 4,
    RegisterAccess Access = RegisterAccess.ReadWrite, int Size = 4, int Split = int.MaxValue, uint Upper = 0,
    [CallerMemberName] string Name = "")
{
    /// <summary>Offset of element <paramref name="index"/> (0 to <see cref="Count"/> - 1), in bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such element.</exception>
    public uint this[int index] => (uint)index >= (uint)Count ? throw NoElement(index)
        : index < Split ? Offset + (uint)index * Stride : Upper + (uint)(index - Split) * Stride;

    /// <summary>Offset of the first element.</summary>
    public static implicit operator uint(Register register) => register.Offset;
}
