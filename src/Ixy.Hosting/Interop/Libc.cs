using System.Runtime.InteropServices;

namespace Ixy.Hosting.Interop;

/// <summary>
/// The C library calls that hosting needs, as described in section 2 of the manual: memory files and mappings, files
/// passed by clients, and signalling of events.
/// </summary>
internal static unsafe partial class Libc
{
    internal const int PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4;
    internal const int MAP_SHARED = 0x01, MAP_PRIVATE = 0x02, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20,
        MAP_NORESERVE = 0x4000;
    internal const uint MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2;
    internal const int O_RDONLY = 0, O_CLOEXEC = 0x80000, SEEK_END = 2;
    internal const int F_DUPFD_CLOEXEC = 1030, F_ADD_SEALS = 1033, F_GET_SEALS = 1034;
    internal const int F_SEAL_SEAL = 1, F_SEAL_SHRINK = 2, F_SEAL_GROW = 4;
    internal const int EPERM = 1, ENOENT = 2, EAGAIN = 11, EACCES = 13, EEXIST = 17, EINVAL = 22, ENOSPC = 28,
        EOPNOTSUPP = 95;
    internal const short POLLOUT = 4;
    internal const ushort IOCB_CMD_PREAD = 0;
    internal const uint IOCB_FLAG_RESFD = 1;

    internal static readonly nint MapFailed = -1;

    private const string C = "libc";

    // The call numbers differ between x86-64 (asm/unistd_64.h) and arm64 (asm-generic/unistd.h).
    private static bool IsArm64 => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollEntry
    {
        internal int fd;
        internal short events, ready;
    }

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

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint mmap(nint address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int munmap(nint address, nuint length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int mprotect(nint address, nuint length, int protection);

    [LibraryImport(C, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int memfd_create(string name, uint flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int ftruncate(int fd, long length);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int fstatfs(int fd, void* status);

    [LibraryImport(C, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int close(int fd);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint write(int fd, void* buffer, nuint count);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint pread(int fd, void* buffer, nuint count, long offset);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint pwrite(int fd, void* buffer, nuint count, long offset);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int fcntl(int fd, int command, nint argument);

    [LibraryImport(C, SetLastError = true)]
    internal static partial long lseek(int fd, long offset, int whence);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int poll(PollEntry* descriptors, nuint count, int milliseconds);

    /// <summary>Zero, or -1. The C library has no wrappers for these three.</summary>
    internal static nint io_setup(uint most, nuint* context) =>
        syscall(IsArm64 ? 0 : 206, most, (nuint)context, 0, 0, 0);

    /// <summary>How many were submitted, or -1.</summary>
    internal static nint io_submit(nuint context, nint count, IoControlBlock** blocks) =>
        syscall(IsArm64 ? 2 : 209, context, (nuint)count, (nuint)blocks, 0, 0);

    /// <summary>How many have completed, or -1.</summary>
    internal static nint io_getevents(nuint context, nint least, nint most, IoEvent* events, void* timeout) =>
        syscall(IsArm64 ? 4 : 208, context, (nuint)least, (nuint)most, (nuint)events, (nuint)timeout);

    /// <summary>The last call's error number and text.</summary>
    internal static string LastError()
    {
        int error = Marshal.GetLastPInvokeError();
        return $"{Marshal.GetPInvokeErrorMessage(error)} (errno {error})";
    }

    [LibraryImport(C, SetLastError = true)]
    private static partial nint syscall(nint number, nuint first, nuint second, nuint third, nuint fourth, nuint fifth);
}
