using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Hosting.Interop;

namespace Ixy.Hosting.Dma;

/// <summary>
/// The instruction PREFETCHW: asks for a cache line that is about to be written, and takes it out of the other cores'
/// caches. Stores leave a core one after the other, so each one to a line that another core has read would wait for the
/// trip there; asked for ahead, the lines come side by side. An ordinary prefetch is of no use for that: a line that
/// only has to be taken from others is there already. .NET has no intrinsic for the instruction, so it stands here as
/// machine code, on a page of its own.
/// </summary>
internal static unsafe class WritePrefetch
{
    private static readonly delegate* unmanaged[SuppressGCTransition]<byte*, void> s_code = Load();

    /// <summary>
    /// Only a hint: it reads and writes nothing, and a wrong address does no harm. Nothing on processors but x64.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Request(byte* address)
    {
        if (s_code is not null) s_code(address);
    }

    // Null where it cannot be had: the hint is missing then, and nothing else.
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
        // Never writable and executable at once.
        if (Libc.mprotect(page, PageLength, Libc.PROT_READ | Libc.PROT_EXEC) == 0)
            return (delegate* unmanaged[SuppressGCTransition]<byte*, void>)page;
        _ = Libc.munmap(page, PageLength);
        return null;
    }
}
