using Ixy.Hosting.Interop;
using Ixy.Vfio;

namespace Ixy.Hosting;

/// <summary>
/// The memory of a BAR. Some pages can be shared with another process: these are in a memory file, at the same offsets.
/// The file contains none of the other pages, so the other process reaches only the shared ones. It is sealed: if the
/// other process could truncate it, touching a page would kill this process (SIGBUS).
/// </summary>
public sealed unsafe class SharedPages : IDisposable
{
    /// <summary>Bytes per page.</summary>
    public const uint PageLength = 4096;
    private readonly uint _length;
    private readonly HashSet<uint> _pages;

    /// <param name="length">Bytes of the BAR, a multiple of 4 KiB.</param>
    /// <param name="pages">Offsets of the pages that can be shared.</param>
    public SharedPages(uint length, params uint[] pages)
    {
        (_length, _pages, Descriptor) = (length, [.. pages], -1);
        nint memory = Libc.mmap(
            0, length, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED | Libc.MAP_ANONYMOUS, -1, 0);
        if (memory == Libc.MapFailed) throw NoMemory();
        Memory = (byte*)memory;
        if (pages.Length == 0) return;
        try
        {
            Descriptor = CreateFile();
            foreach (uint page in pages) MapPage(page);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>First byte; null after disposal.</summary>
    public byte* Memory { get; private set; }

    /// <summary>The memory file, to be sent to another process; -1 if no page is shared.</summary>
    public int Descriptor { get; private set; }

    /// <summary>Offsets of the shared pages, ascending.</summary>
    public IEnumerable<uint> Pages => _pages.Order();

    /// <summary>Whether the page at an offset is shared.</summary>
    public bool Contains(uint offset) => _pages.Contains(offset / PageLength * PageLength);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Memory is not null) _ = Libc.munmap((nint)Memory, _length);
        if (Descriptor >= 0) _ = Libc.close(Descriptor);
        Memory = null;
        Descriptor = -1;
    }

    private int CreateFile()
    {
        int file = Libc.memfd_create("ixy-registers", Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING);
        if (file < 0) throw NoMemory();
        if (Libc.ftruncate(file, _length) == 0
            && Libc.fcntl(file, Libc.F_ADD_SEALS, Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW | Libc.F_SEAL_SEAL) == 0)
            return file;
        var error = NoMemory();
        _ = Libc.close(file);
        throw error;
    }

    private void MapPage(uint page)
    {
        int flags = Libc.MAP_SHARED | Libc.MAP_FIXED;
        if (Libc.mmap(
            (nint)(Memory + page), PageLength, Libc.PROT_READ | Libc.PROT_WRITE, flags, Descriptor,
            page) == Libc.MapFailed)
            throw NoMemory();
    }

    private static DmaMemoryException NoMemory() => new($"no memory for registers: {Libc.LastError()}");
}
