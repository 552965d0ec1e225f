using System.Runtime.InteropServices;

namespace Ixy.Vfio.Interop;

/// <summary>Event descriptors, epoll and signals of events, for interrupts; resource limits, for pinned memory.</summary>
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

    internal const ushort IOCB_CMD_PREAD = 0;
    internal const uint IOCB_FLAG_RESFD = 1;

    /// <summary>struct iocb (linux/aio_abi.h), little-endian.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoControlBlock
    {
        internal ulong data;
        internal uint key, rwFlags;
        internal ushort opcode;
        internal short priority;
        internal uint fd;
        internal ulong buffer, length;
        internal long offset;
        internal ulong reserved;
        internal uint flags, eventDescriptor;
    }

    /// <summary>struct io_event (linux/aio_abi.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoEvent
    {
        internal ulong data, block;
        internal long result, secondResult;
    }

    /// <summary>Zero, or -1. The C library has no functions for these three.</summary>
    internal static nint io_setup(uint most, nuint* context) => syscall(IsArm64 ? 0 : 206, most, (nuint)context, 0, 0, 0, 0);

    /// <summary>How many were taken, or -1.</summary>
    internal static nint io_submit(nuint context, nint count, IoControlBlock** blocks) =>
        syscall(IsArm64 ? 2 : 209, context, (nuint)count, (nuint)blocks, 0, 0, 0);

    /// <summary>How many have ended, or -1.</summary>
    internal static nint io_getevents(nuint context, nint least, nint most, IoEvent* events, void* timeout) =>
        syscall(IsArm64 ? 4 : 208, context, (nuint)least, (nuint)most, (nuint)events, (nuint)timeout, 0);
}
