using System.Runtime.InteropServices;

namespace Ixy.Vfio.Interop;

/// <summary>Unix stream sockets that pass descriptors: unix(7), cmsg(3), poll(2).</summary>
internal static unsafe partial class Libc
{
    internal const int AF_UNIX = 1, SOCK_STREAM = 1, SOCK_CLOEXEC = 0x80000, SOCK_NONBLOCK = 0x800;
    internal const int SOL_SOCKET = 1, SCM_RIGHTS = 1, SHUT_RDWR = 2;
    internal const int MSG_CTRUNC = 0x8, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, MSG_CMSG_CLOEXEC = 0x40000000;
    internal const short POLLIN = 1, POLLOUT = 4;
    internal const int E2BIG = 7, EBADF = 9, EFAULT = 14, EEXIST = 17, ENOSPC = 28, EPIPE = 32, ERANGE = 34;
    internal const int EOPNOTSUPP = 95, EADDRINUSE = 98, ECONNRESET = 104, ENOTCONN = 107, ECONNREFUSED = 111;

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoVector
    {
        internal void* start;
        internal nuint length;
    }

    /// <summary>struct msghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MessageHeader
    {
        internal void* name;
        internal uint nameLength;
        internal IoVector* vectors;
        internal nuint vectorCount;
        internal void* control;
        internal nuint controlLength;
        internal int flags;
    }

    /// <summary>struct cmsghdr, followed by the data, which starts and ends on a multiple of 8 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ControlHeader
    {
        internal nuint length;
        internal int level, type;
    }

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollEntry
    {
        internal int fd;
        internal short events, ready;
    }

    [LibraryImport(C, SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int socketpair(int domain, int type, int protocol, int* pair);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int bind(int fd, void* address, uint length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int listen(int fd, int backlog);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int accept4(int fd, void* address, uint* length, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int connect(int fd, void* address, uint length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int shutdown(int fd, int how);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint sendmsg(int fd, MessageHeader* message, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint recvmsg(int fd, MessageHeader* message, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int poll(PollEntry* descriptors, nuint count, int milliseconds);
}
