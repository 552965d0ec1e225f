using System.Runtime.InteropServices;

namespace Ixy.Simulation.Interop;

/// <summary>The C library calls that a TAP interface needs, as described in section 2 of the manual.</summary>
internal static unsafe partial class Libc
{
    internal const int O_RDWR = 2, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;
    internal const int EPERM = 1, ENOENT = 2, EINTR = 4, ENXIO = 6, EAGAIN = 11, EACCES = 13, EBUSY = 16, ENODEV = 19,
        EINVAL = 22;
    internal const int EBADFD = 77;

    private const string C = "libc";

    [LibraryImport(C, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int close(int fd);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint read(int fd, void* buffer, nuint count);

    [LibraryImport(C, SetLastError = true)]
    internal static partial nint write(int fd, void* buffer, nuint count);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, void* argument);

    /// <summary>The last call's error number and text.</summary>
    internal static string LastError()
    {
        int error = Marshal.GetLastPInvokeError();
        return $"{Marshal.GetPInvokeErrorMessage(error)} (errno {error})";
    }
}
