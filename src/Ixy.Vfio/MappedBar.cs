using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

/// <summary>A memory BAR that is mapped into this process as a whole: every access is one load or store.</summary>
internal sealed unsafe class MappedBar(byte* address, uint length) : PciBar
{
    public override uint Length => length;

    internal void Unmap() => _ = Libc.munmap((nint)address, length);

    protected override uint Load(uint offset, int size) => size switch
    {
        sizeof(byte) => Volatile.Read(ref address[offset]),
        sizeof(ushort) => Volatile.Read(ref *(ushort*)(address + offset)),
        _ => Volatile.Read(ref *(uint*)(address + offset)),
    };

    protected override void Store(uint offset, uint value, int size)
    {
        if (size == sizeof(byte)) Volatile.Write(ref address[offset], (byte)value);
        else if (size == sizeof(ushort)) Volatile.Write(ref *(ushort*)(address + offset), (ushort)value);
        else Volatile.Write(ref *(uint*)(address + offset), value);
    }

    protected override void* PointerTo(uint offset) => address + offset;
}
