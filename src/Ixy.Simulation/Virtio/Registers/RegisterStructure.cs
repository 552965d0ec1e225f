using Ixy.Simulation.Recording;

namespace Ixy.Simulation.Virtio.Registers;

/// <summary>
/// A structure of registers in a BAR, each with its own width (virtio 1.2, 4.1.3.1). Another width is reported; a read
/// then returns the bytes that are there, and a write does nothing.
/// </summary>
internal abstract class RegisterStructure(VirtioCard card, FieldTable fields)
{
    protected VirtioCard Card { get; } = card;

    internal uint Read(uint offset, int size)
    {
        uint value = 0;
        if (Find(offset, size) is var (whole, index))
        {
            value = Read(whole, index);
        }
        else
        {
            for (uint i = 0; i < size; i++)
            {
                if (fields.Find(offset + i) is var (part, place))
                    value |= (Read(part, place) >> (int)(8 * (offset + i - part[place])) & 0xFF) << (int)(8 * i);
            }
        }
        Card.Trace?.Invoke($"read  {fields.Describe(offset)} -> 0x{value:x}");
        return value;
    }

    internal void Write(uint offset, uint value, int size)
    {
        Card.Trace?.Invoke($"write {fields.Describe(offset)} <- 0x{value:x}");
        if (Find(offset, size) is not var (register, index)) return;
        if (register.Access == RegisterAccess.ReadWrite) Write(register, index, value);
        else Report(VirtioRule.ReadOnly, register, value);
    }

    /// <summary>The name of an access at an offset.</summary>
    internal virtual NamedRegister NameOf(uint offset) => fields.NameOf(offset, "virtio 4.1.4.3");

    protected abstract uint Read(Register register, int index);

    protected abstract void Write(Register register, int index, uint value);

    protected void Report(VirtioRule rule, Register register, ulong value) =>
        Card.Report(rule, fields.Describe(register), value);

    /// <summary>The vector that a field accepts: "no vector" if the table has no such vector (4.1.5.1.2.1).</summary>
    protected ushort Vector(Register register, uint value)
    {
        ushort vector = Card.Interrupts.Checked(value);
        if (vector != value) Report(VirtioRule.VectorMissing, register, value);
        return vector;
    }

    private (Register Register, int Index)? Find(uint offset, int size)
    {
        if (fields.Find(offset) is not var (register, index))
            Card.Report(VirtioRule.NoField, fields.Describe(offset), offset);
        else if (register[index] != offset || register.Size != size)
            Report(VirtioRule.AccessWidth, register, (ulong)size);
        else return (register, index);
        return null;
    }
}
