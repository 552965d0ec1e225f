using System.Runtime.InteropServices;

namespace Ixy.Vfio.Interop;

/// <summary>The C library calls this project needs, as described in section 2 of the manual.</summary>
internal static unsafe partial class Libc
{
    internal const int PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 0x01, MAP_POPULATE = 0x8000,
        MAP_FIXED_NOREPLACE = 0x100000;
    internal const uint MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, MFD_HUGETLB = 4;
    internal const int MFD_HUGE_SHIFT = 26;
    internal const nint MapFailed = -1;

    private const string C = "libc";

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint mmap(nint address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport(C, SetLastError = true)] internal static partial int munmap(nint address, nuint length);

    [LibraryImport(C, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int memfd_create(string name, uint flags);

    [LibraryImport(C, SetLastError = true)] internal static partial int ftruncate(int fd, long length);

    /// <summary>Leaves <see cref="LastError"/> unchanged: why a file is closed matters more than how.</summary>
    [LibraryImport(C)] internal static partial int close(int fd);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint pread(int fd, void* buffer, nuint count, long offset);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint pwrite(int fd, void* buffer, nuint count, long offset);
}
