using System.Runtime.InteropServices;

namespace Ixy.Vfio.Interop;

/// <summary>What only some transports need of files, and of threads.</summary>
internal static unsafe partial class Libc
{
    [LibraryImport(C, SetLastError = true)]
    internal static partial int mprotect(nint address, nuint length, int protection);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int fstatfs(int fd, void* status);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint read(int fd, void* buffer, nuint count);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint write(int fd, void* buffer, nuint count);

    [LibraryImport(C, SetLastError = true)]
    internal static partial long lseek(int fd, long offset, int whence);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int sched_setaffinity(int thread, nuint size, ulong* mask);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int sched_getaffinity(int thread, nuint size, ulong* mask);
}
