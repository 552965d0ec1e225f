using Ixy.Hosting.Interop;

namespace Ixy.Hosting.VfioUser;

/// <summary>
/// A part of a client's memory file, mapped into this process. It stays valid when the file's descriptor is closed.
/// </summary>
internal readonly unsafe struct FileMapping
{
    private readonly nint _start;
    private readonly nuint _length;

    private FileMapping(nint start, nuint length, nint memory) => (_start, _length, Memory) = (start, length, memory);

    /// <summary>First byte of the part.</summary>
    internal nint Memory { get; }

    /// <summary>Maps a part of a file on tmpfs or hugetlbfs.</summary>
    /// <param name="file">Its descriptor, open for reading, and for writing if requested.</param>
    /// <param name="offset">Where the part begins, a multiple of 4 KiB.</param>
    /// <param name="size">Its length, a multiple of 4 KiB.</param>
    /// <param name="isWritable">Maps for writing as well.</param>
    /// <param name="place">The wanted address, if it is free.</param>
    /// <param name="mapping">The mapping, to be released.</param>
    /// <returns>False if the kernel refuses: see errno.</returns>
    internal static bool TryMap(
        int file, ulong offset, ulong size, bool isWritable, ulong place, out FileMapping mapping)
    {
        mapping = default;
        if (!TryGetPageLength(file, out ulong page)) return false;
        // A huge page can only be mapped and unmapped as a whole.
        ulong skipped = offset % page, length = (skipped + size + page - 1) / page * page;
        int access = isWritable ? Libc.PROT_READ | Libc.PROT_WRITE : Libc.PROT_READ;
        nint start = Libc.mmap(
            (nint)(place - skipped), (nuint)length, access, Libc.MAP_SHARED, file, (long)(offset - skipped));
        if (start == Libc.MapFailed) return false;
        mapping = new(start, (nuint)length, start + (nint)skipped);
        return true;
    }

    /// <summary>Unmaps the memory.</summary>
    internal void Release()
    {
        if (Libc.munmap(_start, _length) != 0)
            throw new InvalidOperationException(
                $"0x{_length:x} bytes at 0x{_start:x} cannot be unmapped: {Libc.LastError()}");
    }

    // statfs(2): f_type and f_bsize are the first two words, and both file systems report their page size as block
    // size.
    private static bool TryGetPageLength(int file, out ulong length)
    {
        const int Words = 32;
        nint* status = stackalloc nint[Words];
        bool isKnown = Libc.fstatfs(file, status) == 0;
        length = isKnown ? (ulong)status[1] : 0;
        return isKnown;
    }
}
