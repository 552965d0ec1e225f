namespace Ixy.Checks;

/// <summary>
/// The bookkeeping of a checked pool: who holds each buffer, on which loan, and where it was allocated. A handle names
/// its loan, so a stale copy is detected even when the buffer is in use again (except in one of 255 cases). For any
/// thread: if two give one packet away at the same time, one of them fails.
/// </summary>
internal sealed class PacketPoolChecks
{
    private readonly PacketPool _pool;
    private readonly Holder[] _holders;
    private readonly byte[] _loans;
    private readonly string[] _places;

    internal PacketPoolChecks(PacketPool pool)
    {
        _pool = pool;
        _holders = new Holder[pool.Capacity];
        _loans = new byte[pool.Capacity];
        _places = new string[pool.Capacity];
    }

    private enum Holder : byte
    {
        Pool,
        Application,
        Card,
    }

    /// <summary>The application gets packets from the pool.</summary>
    internal void Lend(Span<Packet> packets, string place)
    {
        foreach (ref var packet in packets) Lend(ref packet, place);
    }

    /// <summary>The application gets a packet that the card has filled.</summary>
    internal void Lend(ref Packet packet, string place)
    {
        int index = _pool.IndexOf(packet.Buffer);
        // 0 marks handles of unchecked pools.
        if (++_loans[index] == 0) _loans[index] = 1;
        packet.Metadata = (packet.Metadata & ~Packet.LoanMask) | (ulong)_loans[index] << Packet.LoanShift;
        _holders[index] = Holder.Application;
        _places[index] = place;
    }

    /// <summary>
    /// The application gives packets to the card to send; if it does not own one of them, it keeps them all.
    /// </summary>
    internal static void Transmit(ReadOnlySpan<Packet> batch)
    {
        int given = 0;
        try
        {
            for (; given < batch.Length; given++) Of(batch[given])?.Transmit(batch[given]);
        }
        catch
        {
            Keep(batch[..given]);
            throw;
        }
    }

    /// <summary>The card did not take packets that it was to send: they still belong to the application.</summary>
    internal static void Keep(ReadOnlySpan<Packet> batch)
    {
        foreach (ref readonly var packet in batch) Of(packet)?.Keep(packet);
    }

    /// <summary>
    /// Marks packets as the card's that an unchecked device is about to take. They may come back long after their pool
    /// was disposed, and then are not leaks. Packets that are already the card's are left alone; never throws.
    /// </summary>
    internal static void Give(ReadOnlySpan<Packet> batch)
    {
        foreach (ref readonly var packet in batch)
        {
            if (Of(packet) is not { } checks) continue;
            ref var holder = ref checks._holders[checks._pool.IndexOf(packet.Buffer)];
            Interlocked.CompareExchange(ref holder, Holder.Card, Holder.Application);
        }
    }

    /// <summary>Throws if a packet is checked and not the application's.</summary>
    internal static void Verify(in Packet packet, string action) => Of(packet)?.VerifyHeld(packet, action);

    /// <summary>The application gives a packet back.</summary>
    internal void Return(in Packet packet) => Change(packet, Holder.Pool, "freed");

    /// <summary>The card is done with buffers.</summary>
    internal void ReturnFromCard(ReadOnlySpan<ulong> buffers)
    {
        foreach (ulong buffer in buffers) _holders[_pool.IndexOf(buffer)] = Holder.Pool;
    }

    // Only handles of checked packets have a loan; default(Packet) has none.
    private static PacketPoolChecks? Of(in Packet packet) => packet.Loan == 0 ? null : packet.Pool.Checks;

    private void Transmit(in Packet packet) => Change(packet, Holder.Card, "transmitted");

    private void Keep(in Packet packet) => _holders[_pool.IndexOf(packet.Buffer)] = Holder.Application;

    private void Change(in Packet packet, Holder to, string action)
    {
        VerifyHeld(packet, action);
        ref var holder = ref _holders[_pool.IndexOf(packet.Buffer)];
        if (Interlocked.CompareExchange(ref holder, to, Holder.Application) != Holder.Application)
            VerifyHeld(packet, action);
    }

    /// <summary>Throws unless the application holds the packet on this very loan.</summary>
    internal void VerifyHeld(in Packet packet, string action)
    {
        int index = _pool.IndexOf(packet.Buffer);
        var holder = _holders[index];
        if (holder == Holder.Application && _loans[index] == packet.Loan) return;
        string found = _loans[index] != packet.Loan || holder == Holder.Pool ? "was freed or sent before"
            : "was transmitted before";
        throw new PacketMisuseException(
            $"a packet of {_pool.Options.Name} is {action}, but it {found}; it was allocated at {_places[index]}");
    }

    /// <exception cref="PacketMisuseException">The application holds packets.</exception>
    internal void ThrowIfHeld()
    {
        var held = FindHeld();
        if (held.Count > 0)
            throw new PacketMisuseException(
                $"{held.Count} packets of {_pool.Options.Name} were never given back: "
                + string.Join("; ", held.Take(8)));
    }

    /// <summary>One line for each packet the application holds.</summary>
    internal List<string> FindHeld()
    {
        var held = new List<string>();
        for (int index = 0; index < _holders.Length; index++)
        {
            if (_holders[index] == Holder.Application) held.Add($"buffer {index}, allocated at {_places[index]}");
        }
        return held;
    }
}
