using System.Runtime.CompilerServices;

namespace Ixy;

// Packets that the application creates.
public sealed unsafe partial class PacketPool
{
    private int _templateLength;

    /// <summary>Takes one packet; false if the pool is empty. Its length is the template's, or 0.</summary>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    public bool TryAllocate(out Packet packet, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        packet = default;
        return Allocate(new Span<Packet>(ref packet), file, line) == 1;
    }

    /// <summary>
    /// Fills <paramref name="batch"/> from the front as far as there are buffers. Lengths are the template's, or 0.
    /// </summary>
    /// <returns>How many packets were taken: 0 to the length of the batch.</returns>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    [SkipLocalsInit]
    public int Allocate(Span<Packet> batch, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        Span<ulong> buffers = stackalloc ulong[Batch];
        int count = 0, taken;
        do
        {
            taken = Take(buffers[..Math.Min(Batch, batch.Length - count)]);
            for (int i = taken; i > 0;)
                batch[count++] = new Packet { Buffer = buffers[--i], Metadata = (uint)_templateLength };
        }
        while (taken == Batch);
        Checks?.Lend(batch[..count], $"{file}:{line}");
        return count;
    }
}
