using Ixy.Hosting.Dma;

namespace Ixy.Testing.Cards;

/// <summary>
/// Memory that a card can access only by copying, and software that works on it between the card's accesses.
/// </summary>
internal sealed unsafe class FarMemory(byte* memory, int length) : RemoteMemory
{
    /// <summary>Called before the card's bytes are written.</summary>
    internal Action? Before { get; set; }

    /// <summary>Called after the card's bytes are written.</summary>
    internal Action? After { get; set; }

    /// <summary>Called when the card has read something.</summary>
    internal Action? Read { get; set; }

    internal override bool TryRead(ulong offset, Span<byte> target)
    {
        Memory(offset, target.Length).CopyTo(target);
        Read?.Invoke();
        return true;
    }

    internal override bool TryWrite(ulong offset, ReadOnlySpan<byte> source)
    {
        Before?.Invoke();
        source.CopyTo(Memory(offset, source.Length));
        After?.Invoke();
        return true;
    }

    private Span<byte> Memory(ulong offset, int count)
    {
        Assert.InRange(offset + (ulong)count, 0ul, (ulong)length);
        return new(memory + offset, count);
    }
}
