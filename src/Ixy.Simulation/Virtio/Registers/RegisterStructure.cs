namespace Ixy.Simulation.Virtio.Registers;

/// <summary>
/// A structure of fields in a BAR, each with a width of its own (virtio 1.2, 4.1.3.1). Another width is reported; then
/// a read gives the bytes that are there, and a write does nothing.
/// </summary>
internal abstract class RegisterStructure(VirtioCard card, FieldTable fields)
{
    protected VirtioCard Card { get; } = card;

    internal uint Read(uint offset, int size)
    {
        uint value = 0;
        if (Find(offset, size) is { } whole)
        {
            value = Read(whole);
        }
        else
        {
            for (uint i = 0; i < size; i++)
            {
                if (fields.Find(offset + i) is { } part)
                    value |= (Read(part) >> (int)(8 * (offset + i - part.Offset)) & 0xFF) << (int)(8 * i);
            }
        }
        Card.Trace?.Invoke($"read  {fields.Describe(offset)} -> 0x{value:x}");
        return value;
    }

    internal void Write(uint offset, uint value, int size)
    {
        Card.Trace?.Invoke($"write {fields.Describe(offset)} <- 0x{value:x}");
        if (Find(offset, size) is not { } field) return;
        if (field.IsWritable) Write(field, value);
        else Report(VirtioRule.ReadOnly, field, value);
    }

    protected abstract uint Read(Field field);

    protected abstract void Write(Field field, uint value);

    protected void Report(VirtioRule rule, Field field, ulong value) => Card.Report(rule, fields.Describe(field.Offset), value);

    /// <summary>The vector that a field takes: none if the table has no such one (4.1.5.1.2.1).</summary>
    protected ushort Vector(Field field, uint value)
    {
        ushort vector = Card.Interrupts.Checked(value);
        if (vector != value) Report(VirtioRule.VectorMissing, field, value);
        return vector;
    }

    private Field? Find(uint offset, int size)
    {
        var field = fields.Find(offset);
        if (field is null) Card.Report(VirtioRule.NoField, fields.Describe(offset), offset);
        else if (field.Offset != offset || field.Size != size) Report(VirtioRule.AccessWidth, field, (ulong)size);
        else return field;
        return null;
    }
}
