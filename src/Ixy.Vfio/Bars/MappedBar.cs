using Ixy.Vfio.Interop;

namespace Ixy.Vfio.Bars;

/// <summary>A memory BAR that is mapped into this process as a whole: every access is one load or store.</summary>
internal sealed unsafe partial class MappedBar(byte* address, uint length) : PciBar, IDisposable
{
    public override uint Length { get; } = length;

    internal byte* Address { get; } = address;

    /// <summary>Maps a piece of a file of registers; the file may be closed afterwards.</summary>
    /// <param name="name">For messages: function and BAR.</param>
    /// <param name="fd">The file.</param>
    /// <param name="start">Where the piece begins, a multiple of 4 KiB.</param>
    /// <param name="length">Length of the piece in bytes.</param>
    /// <param name="reason">End of the exception's message: why it may have failed.</param>
    /// <exception cref="PciDeviceException">The kernel refused.</exception>
    internal static MappedBar Map(string name, int fd, long start, uint length, string reason = "")
    {
        nint address = Libc.mmap(0, length, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, start);
        return address != Libc.MapFailed ? new((byte*)address, length) : throw CannotBeMapped(name, reason);
    }

    public void Dispose() => _ = Libc.munmap((nint)Address, Length);

    protected override uint Load(uint offset, int size) =>
        size == sizeof(uint) ? Volatile.Read(ref *(uint*)(Address + offset)) : LoadNarrow(Address + offset, size);

    protected override void Store(uint offset, uint value, int size)
    {
        if (size == sizeof(uint)) Volatile.Write(ref *(uint*)(Address + offset), value);
        else StoreNarrow(Address + offset, value, size);
    }

    protected override void* PointerTo(uint offset) => Address + offset;
}
