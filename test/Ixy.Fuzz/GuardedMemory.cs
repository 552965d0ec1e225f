using Ixy.Hosting.Interop;

namespace Ixy.Fuzz;

/// <summary>Memory for a device between inaccessible pages: an access outside it ends the process.</summary>
internal sealed unsafe class GuardedMemory
{
    private const int Page = 4096;

    internal GuardedMemory(int length)
    {
        Length = length;
        nint all = Libc.mmap(
            0, (nuint)length + 2 * Page, protection: 0, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS, -1, 0);
        FuzzException.Require(all != Libc.MapFailed, $"no memory: {Libc.LastError()}");
        Start = all + Page;
        int result = Libc.mprotect(Start, (nuint)length, Libc.PROT_READ | Libc.PROT_WRITE);
        FuzzException.Require(result == 0, $"no memory: {Libc.LastError()}");
    }

    internal int Length { get; }

    internal nint Start { get; }

    internal Span<byte> Bytes => new((byte*)Start, Length);
}
