using Ixy.Simulation;
using Ixy.Simulation.Cards;

namespace Ixy.Fuzz.Targets;

/// <summary>
/// What a driver can do to any card, however wrong. Operations below <see cref="FirstCommon"/> are the card's own, see
/// the targets. The card can access 64 KiB of memory, between inaccessible pages.
/// </summary>
internal sealed class HostileDriver : IDisposable
{
    /// <summary>The card's address of its memory.</summary>
    internal const ulong Iova = 0x1_0000;

    internal const int Length = 0x10000, FirstCommon = 8, Operations = 16, MostOperations = 200;

    private const int LongestFrame = 16_000, ConfigLength = 4096;
    private static readonly GuardedMemory s_memory = new(Length);
    private readonly InputWire _wire;

    internal HostileDriver(CardModel card, InputWire wire)
    {
        (Card, _wire) = (card, wire);
        s_memory.Bytes.Clear();
        Map();
        EnableDma();
    }

    internal CardModel Card { get; }

    internal static Span<byte> Memory => s_memory.Bytes;

    /// <summary>Enables memory space, I/O space and bus mastering.</summary>
    internal void EnableDma() => Card.WriteConfig(0x04, 0x0007, 2);

    /// <summary>Gives the card a number of turns, one per microsecond.</summary>
    internal void Run(int turns)
    {
        for (; turns > 0; turns--)
        {
            Card.Poll(Card.Now + 1_000);
            Card.Dma.EndTurn();
        }
    }

    /// <summary>Writes to memory, as far as it extends.</summary>
    internal static void Put(int offset, ReadOnlySpan<byte> bytes)
    {
        if (offset < Length) bytes[..Math.Min(bytes.Length, Length - offset)].CopyTo(Memory[offset..]);
    }

    internal static void Put(int offset, ulong value) => Put(offset, BitConverter.GetBytes(value));

    /// <summary>An operation common to all cards.</summary>
    internal void Do(int operation, ref InputReader input)
    {
        switch (operation - FirstCommon)
        {
            case 0: Put(input.Word(), input.Take(input.Byte() % 64 + 1)); break;
            case 1: Fill(ref input); break;
            case 2: _wire.Deliver(Frame(ref input)); break;
            case 3: Run(input.Byte() + 1); break;
            case 4: Configure(ref input); break;
            case 5: Access(ref input); break;
            case 6: Disturb(input.Byte()); break;
            default: RingShared(ref input); break;
        }
        Card.Dma.EndTurn();
    }

    // The same 16 bytes repeated: a ring of descriptors.
    private static void Fill(ref InputReader input)
    {
        int offset = input.Word() / 16 * 16, count = input.Byte();
        var bytes = input.Take(16);
        for (int i = 0; i < count; i++) Put(offset + 16 * i, bytes);
    }

    private static byte[] Frame(ref InputReader input)
    {
        var frame = new byte[input.Word() % LongestFrame + 14];
        var start = input.Take(input.Byte() % 128);
        start[..Math.Min(start.Length, frame.Length)].CopyTo(frame);
        return frame;
    }

    private void Configure(ref InputReader input)
    {
        int size = 1 << input.Byte() % 3, offset = input.Word() % ConfigLength / size * size;
        if (offset >= Card.ConfigLength) return;
        Card.WriteConfig(offset, input.Number(), size);
        _ = Card.ReadConfig(offset, size);
    }

    private void Access(ref InputReader input)
    {
        byte how = input.Byte();
        int bar = how % 8 % 6, size = 1 << (how >> 3 & 3) % 3;
        uint length = Card.BarLength(bar), offset = input.Number();
        if (length == 0) return;
        offset = offset % length / (uint)size * (uint)size;
        if (how >= 128) Card.WriteBar(bar, offset, input.Number(), size);
        else _ = Card.ReadBar(bar, offset, size);
    }

    private unsafe void RingShared(ref InputReader input)
    {
        int bar = input.Byte() % 6;
        uint length = Card.BarLength(bar), offset = input.Word() * 4u;
        void* place = length == 0 ? null : Card.TryGetShared(bar, offset % length / 4 * 4);
        if (place is not null) *(ushort*)place = input.Word();
    }

    private void Disturb(byte what)
    {
        switch (what)
        {
            case 0: Card.PciReset(); break;
            case 1: Card.Dma.Clear(); break;
            case 2: _ = Card.Dma.Unmap(Iova + Length / 2, 0x1000); break;
            case 3 when !Card.Dma.IsMapped(Iova, Length): Map(); break;
            case >= 16 when CardFault.All[what % CardFault.All.Count] is var fault && fault.Cards.Contains(Card.Kind):
                Card.Faults.Plan(new(fault));
                break;
        }
    }

    private void Map() => Card.Dma.Map(Iova, Length, s_memory.Start);

    public void Dispose() => Card.Dispose();
}
