using Ixy.Hosting.Dma;

namespace Ixy.Testing.Cards;

/// <summary>
/// Memory that a card reaches by copying only, and software that works on it between the card's accesses.
/// </summary>
internal sealed unsafe class FarMemory(byte* memory, int length) : RemoteMemory
{
    /// <summary>Called before the card's bytes come.</summary>
    internal Action? Before { get; set; }

    /// <summary>Called when they are there.</summary>
    internal Action? After { get; set; }

    /// <summary>Called when the card has had what it asked for.</summary>
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
