using System.Runtime.InteropServices;

namespace Ixy.Vfio.Interop;

/// <summary>File and thread calls that only some transports need.</summary>
internal static unsafe partial class Libc
{
    internal const int PROT_NONE = 0, PROT_EXEC = 4, MAP_PRIVATE = 0x02, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20;
    internal const int O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000, SEEK_END = 2;
    internal const int F_DUPFD_CLOEXEC = 1030, F_ADD_SEALS = 1033, F_GET_SEALS = 1034;
    internal const int F_SEAL_SEAL = 1, F_SEAL_SHRINK = 2, F_SEAL_GROW = 4;
    internal const int EPERM = 1, ENOENT = 2, EINTR = 4, ENXIO = 6, EAGAIN = 11, ENOMEM = 12, EACCES = 13, EBUSY = 16;
    internal const int ENODEV = 19, EINVAL = 22, EBADFD = 77;

    /// <summary>struct timespec of 64-bit systems.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeSpec
    {
        internal long Seconds, Nanoseconds;
    }

    [LibraryImport(C, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int fcntl(int fd, int command, nint argument);

    /// <summary>If a signal interrupts the sleep, the remaining time is written to the second argument.</summary>
    [LibraryImport(C)]
    internal static partial int nanosleep(TimeSpec* time, TimeSpec* left);

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
