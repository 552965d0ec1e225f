using Ixy.Vfio;

namespace Ixy;

// The contents of the buffers, and who holds them.
public sealed unsafe partial class PacketPool
{
    /// <summary>
    /// Writes <paramref name="frame"/> into every free buffer, and makes it the content of packets allocated from now
    /// on. For generators: a card that sends a buffer only reads it, so the content stays.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The frame is longer than a buffer.</exception>
    /// <exception cref="InvalidOperationException">Some buffers are not in the pool.</exception>
    public void SetTemplate(ReadOnlySpan<byte> frame)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frame.Length, BufferSize);
        if (Available != Capacity)
            throw new InvalidOperationException($"{Capacity - Available} buffers are not in the pool");
        for (int index = 0; index < Capacity; index++)
            frame.CopyTo(new Span<byte>((void*)AddressOf(index), BufferSize));
        _templateLength = frame.Length;
    }

    /// <summary>
    /// How many buffers are free, including those cached by its receive queue. Approximate while other threads use the
    /// pool.
    /// </summary>
    public int Available => Volatile.Read(ref _count) + (AtHand?.Count ?? 0);

    /// <summary>
    /// Packets that the application holds, with the place where each was allocated. Checked pools only.
    /// </summary>
    /// <exception cref="InvalidOperationException">The pool is not checked.</exception>
    public IReadOnlyList<string> FindLeaks() =>
        Checks?.FindHeld() ?? throw new InvalidOperationException("only a checked pool knows who holds its packets");

    internal int IndexOf(ulong buffer)
    {
        nuint offset = (nuint)(buffer & Packet.AddressMask) - _memory.Address;
        return (int)(offset / DmaArena.FrameLength) * _buffersPerFrame + (int)(offset % DmaArena.FrameLength) / _stride;
    }
}
