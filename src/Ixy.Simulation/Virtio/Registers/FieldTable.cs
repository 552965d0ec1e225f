namespace Ixy.Simulation.Virtio.Registers;

/// <summary>A field of a structure in a BAR.</summary>
/// <param name="Name">As in the specification.</param>
/// <param name="Offset">Bytes from the start of the structure.</param>
/// <param name="Size">1, 2 or 4 bytes: the width it is accessed with.</param>
/// <param name="IsWritable">The driver may write it.</param>
internal sealed record Field(string Name, uint Offset, int Size, bool IsWritable = false);

/// <summary>The fields of a structure in a BAR, by offset.</summary>
internal sealed class FieldTable
{
    private readonly string _name;
    private readonly Field?[] _byOffset;

    internal FieldTable(string name, params Field[] fields)
    {
        (_name, Length) = (name, fields.Max(field => field.Offset + (uint)field.Size));
        _byOffset = new Field?[Length];
        foreach (var field in fields) _byOffset.AsSpan((int)field.Offset, field.Size).Fill(field);
    }

    /// <summary>Bytes.</summary>
    internal uint Length { get; }

    /// <summary>The field that a byte belongs to, or null.</summary>
    internal Field? Find(uint offset) => offset < Length ? _byOffset[offset] : null;

    /// <summary>A name for an offset.</summary>
    internal string Describe(uint offset) => $"{_name}.{Find(offset)?.Name ?? $"0x{offset:x}"}";
}
