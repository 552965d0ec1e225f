using Ixy.Vfio.Interop;

namespace Ixy.Vfio.Bars;

// Accesses of any width to mapped registers: 8 and 16 bits for fully mapped BARs, all widths for partly mapped ones.
internal sealed unsafe partial class MappedBar
{
    private static PciDeviceException CannotBeMapped(string name, string reason) =>
        new($"{name} cannot be mapped: {Libc.LastError()}{reason}");

    internal static uint LoadAt(void* register, int size) =>
        size == sizeof(uint) ? Volatile.Read(ref *(uint*)register) : LoadNarrow(register, size);

    internal static void StoreAt(void* register, uint value, int size)
    {
        if (size == sizeof(uint)) Volatile.Write(ref *(uint*)register, value);
        else StoreNarrow(register, value, size);
    }

    private static uint LoadNarrow(void* register, int size) =>
        size == sizeof(byte) ? Volatile.Read(ref *(byte*)register) : Volatile.Read(ref *(ushort*)register);

    private static void StoreNarrow(void* register, uint value, int size)
    {
        if (size == sizeof(byte)) Volatile.Write(ref *(byte*)register, (byte)value);
        else Volatile.Write(ref *(ushort*)register, (ushort)value);
    }
}
