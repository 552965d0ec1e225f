using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Hosting.Interop;

namespace Ixy.Hosting.Dma;

/// <summary>
/// The instruction PREFETCHW: requests a cache line that is about to be written, and takes it away from the other
/// cores' caches. Stores leave a core one after another, so each store to a line that another core has read would wait
/// for the trip there; requested in advance, the lines arrive in parallel. An ordinary prefetch does not help: a line
/// that only has to be taken from others is already there. .NET has no intrinsic for this instruction, so it is machine
/// code on a page of its own.
/// </summary>
internal static unsafe class WritePrefetch
{
    private static readonly delegate* unmanaged[SuppressGCTransition]<byte*, void> s_code = Load();

    /// <summary>
    /// Only a hint: it reads and writes nothing, and a wrong address does no harm. Does nothing on processors other
    /// than x64.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Request(byte* address)
    {
        if (s_code is not null) s_code(address);
    }

    // Null if the page is not available: only the hint is lost.
    private static delegate* unmanaged[SuppressGCTransition]<byte*, void> Load()
    {
        // prefetchw [rdi]; ret: the first argument is in RDI (System V ABI, 3.2.3).
        ReadOnlySpan<byte> code = [0x0F, 0x0D, 0x0F, 0xC3];
        const nuint PageLength = 4096;
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64) return null;
        nint page = Libc.mmap(
            0, PageLength, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS, -1, 0);
        if (page == Libc.MapFailed) return null;
        code.CopyTo(new((void*)page, code.Length));
        // Never writable and executable at the same time.
        if (Libc.mprotect(page, PageLength, Libc.PROT_READ | Libc.PROT_EXEC) == 0)
            return (delegate* unmanaged[SuppressGCTransition]<byte*, void>)page;
        _ = Libc.munmap(page, PageLength);
        return null;
    }
}
