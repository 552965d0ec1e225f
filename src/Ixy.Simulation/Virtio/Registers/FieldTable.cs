using Ixy.Simulation.Recording;

namespace Ixy.Simulation.Virtio.Registers;

/// <summary>
/// The registers of a structure in a BAR, by offset: the driver's, and those that only other drivers use.
/// </summary>
internal sealed class FieldTable
{
    private readonly string _name;
    private readonly (Register Register, int Index)?[] _byOffset;

    internal FieldTable(string name, IEnumerable<Register> registers)
    {
        Registers = [.. registers];
        (_name, Length) = (name, Registers.Max(register => register[register.Count - 1] + (uint)register.Size));
        _byOffset = new (Register, int)?[Length];
        foreach (var register in Registers)
        {
            for (int index = 0; index < register.Count; index++)
                _byOffset.AsSpan((int)register[index], register.Size).Fill((register, index));
        }
    }

    internal IReadOnlyList<Register> Registers { get; }

    /// <summary>Bytes.</summary>
    internal uint Length { get; }

    /// <summary>The register that a byte belongs to, and which of its elements; or null.</summary>
    internal (Register Register, int Index)? Find(uint offset) => offset < Length ? _byOffset[offset] : null;

    /// <summary>The same for observers, with a section of the specification if the table has none.</summary>
    internal NamedRegister NameOf(uint offset, string section) => Find(offset) is var (register, index)
        ? NamedRegister.Of(register, index, $"{_name}.", section) : new(Describe(offset));

    /// <summary>A name for an offset.</summary>
    internal string Describe(uint offset) => Find(offset) switch
    {
        null => $"{_name}.0x{offset:x}",
        ({ Count: 1 } register, _) => $"{_name}.{register.Name}",
        var (register, index) => $"{_name}.{register.Name}[{index}]",
    };
}
