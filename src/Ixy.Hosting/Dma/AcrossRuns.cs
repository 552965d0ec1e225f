using System.Runtime.InteropServices;

namespace Ixy.Hosting.Dma;

/// <summary>
/// Ranges that are mapped, but not contiguous in memory: copied together, and back to where each piece belongs. Offsets
/// are device addresses.
/// </summary>
internal sealed unsafe class AcrossRuns(MappedRuns runs) : RemoteMemory
{
    internal override bool TryRead(ulong offset, Span<byte> target)
    {
        while (target.Length > 0)
        {
            if (!runs.TryFind(offset, out var run)) return false;
            var piece = target[..(int)Math.Min(run.End - offset, (ulong)target.Length)];
            ulong inside = offset - run.Start;
            if (run.Remote is null) new ReadOnlySpan<byte>(run.Memory + inside, piece.Length).CopyTo(piece);
            else if (!run.Remote.TryRead(inside, piece)) return false;
            offset += (ulong)piece.Length;
            target = target[piece.Length..];
        }
        return true;
    }

    internal override bool TryWrite(ulong offset, ReadOnlySpan<byte> source)
    {
        while (source.Length > 0)
        {
            if (!runs.TryFind(offset, out var run)) return false;
            var piece = source[..(int)Math.Min(run.End - offset, (ulong)source.Length)];
            ulong inside = offset - run.Start;
            if (run.Remote is null) Store(run.Memory + inside, piece);
            else if (!run.Remote.TryWrite(inside, piece)) return false;
            offset += (ulong)piece.Length;
            source = source[piece.Length..];
        }
        return true;
    }

    // The second half of a descriptor, which tells software that it is done, goes after the first.
    private static void Store(byte* target, ReadOnlySpan<byte> source)
    {
        if ((nuint)target % sizeof(ulong) != 0 || source.Length % sizeof(ulong) != 0)
        {
            source.CopyTo(new Span<byte>(target, source.Length));
            return;
        }
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(source))
        {
            Volatile.Write(ref *(ulong*)target, word);
            target += sizeof(ulong);
        }
    }
}
