namespace Ixy;

/// <summary>What a register does when software reads or writes it.</summary>
public enum RegisterAccess
{
    /// <summary>Holds what was written.</summary>
    ReadWrite,

    /// <summary>Writes are ignored.</summary>
    ReadOnly,

    /// <summary>Writes act; reads give 0.</summary>
    WriteOnly,

    /// <summary>A counter or cause that a read sets back to 0.</summary>
    ReadClear,

    /// <summary>Written ones clear bits, a read clears all (interrupt cause).</summary>
    ReadClearWriteOneClear,
}

/// <summary>
/// A register, or an array of them, as the datasheet lists it: declared once, used by the driver, the card model, the
/// access trace and the documentation.
/// </summary>
/// <param name="Name">The datasheet's name.</param>
/// <param name="Offset">Bytes from the start of the BAR to the first one.</param>
/// <param name="Access">What reads and writes do.</param>
/// <param name="Reset">Value after reset.</param>
/// <param name="Meaning">One line, with the datasheet section.</param>
public sealed record Register(string Name, uint Offset, RegisterAccess Access, uint Reset, string Meaning)
{
    /// <summary>How many there are; 1 for a single register.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Bytes from one to the next.</summary>
    public uint Stride { get; init; } = 4;

    /// <summary>Where the second half of an array in two places starts: index <see cref="Split"/> is here.</summary>
    public uint Upper { get; init; }

    /// <summary>First index that is found at <see cref="Upper"/>; no such index by default.</summary>
    public int Split { get; init; } = int.MaxValue;

    /// <summary>Bytes of one, and the width it is accessed with: 1, 2 or 4.</summary>
    public int Size { get; init; } = 4;

    /// <summary>Offset of element <paramref name="index"/> (0 to <see cref="Count"/> - 1), in bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such element.</exception>
    public uint this[int index]
    {
        get
        {
            if ((uint)index >= (uint)Count)
                throw new ArgumentOutOfRangeException(nameof(index), $"{Name} has {Count} elements, and none {index}");
            return index < Split ? Offset + (uint)index * Stride : Upper + (uint)(index - Split) * Stride;
        }
    }

    /// <summary>Offset of the first one.</summary>
    public static implicit operator uint(Register register) => register.Offset;
}
