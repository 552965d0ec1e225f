using System.Runtime.InteropServices;

namespace Ixy.Vfio.Interop;

/// <summary>
/// Event descriptors, epoll and signalling of events, for interrupts; resource limits, for pinned memory.
/// </summary>
internal static unsafe partial class Libc
{
    internal const int EFD_NONBLOCK = 0x800, EFD_CLOEXEC = 0x80000, EPOLL_CLOEXEC = 0x80000;
    internal const int EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2;
    internal const uint EPOLLIN = 1;
    internal const int RLIMIT_MEMLOCK = 8;

    [LibraryImport(C, SetLastError = true)]
    internal static partial int eventfd(uint value, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int epoll_create1(int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int epoll_ctl(int epoll, int operation, int fd, void* change);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int epoll_wait(int epoll, void* events, int most, int milliseconds);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int getrlimit(int resource, ulong* softAndHard);
}
