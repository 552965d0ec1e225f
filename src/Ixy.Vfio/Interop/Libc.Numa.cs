using System.Runtime.InteropServices;

namespace Ixy.Vfio.Interop;

/// <summary>
/// The NUMA calls, for which the C library has no wrappers: libnuma has, but is not worth a dependency.
/// </summary>
internal static unsafe partial class Libc
{
    internal const int MPOL_PREFERRED = 1, MADV_POPULATE_WRITE = 23;

    // The call numbers differ between x86-64 (asm/unistd_64.h) and arm64 (asm-generic/unistd.h).
    private static bool IsArm64 => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    /// <summary>Zero, or -1.</summary>
    internal static nint mbind(nuint address, nuint length, int mode, ulong* nodes, nuint most) =>
        syscall(IsArm64 ? 235 : 237, address, length, (nuint)mode, (nuint)nodes, most, 0);

    /// <summary>
    /// Without target nodes it moves nothing, but returns the node of each page, or a negative error number.
    /// </summary>
    internal static nint move_pages(int process, nuint count, void** pages, int* nodes, int* status, int flags) =>
        syscall(IsArm64 ? 239 : 279, (nuint)process, count, (nuint)pages, (nuint)nodes, (nuint)status, (nuint)flags);

    [LibraryImport(C, SetLastError = true)]
    internal static partial int madvise(nint address, nuint length, int advice);

    [LibraryImport(C, SetLastError = true)]
    private static partial nint syscall(
        nint number, nuint first, nuint second, nuint third, nuint fourth, nuint fifth, nuint sixth);
}
