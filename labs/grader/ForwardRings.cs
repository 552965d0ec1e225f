namespace Ixy.Labs.Grader;

/// <summary>
/// Which buffers a forwarder hands to which card, as its doorbells and its rings tell: why a frame came out wrong.
/// </summary>
internal sealed unsafe class ForwardRings(Trial trial, LabDevice left, LabDevice right)
{
    private const uint RDBAL = 0x01000, TDBAL = 0x06000, High = 0x4, Length = 0x8, Head = 0x10, Tail = 0x18;
    private const ulong ReceiveDone = 1, TransmitDone = 1ul << 32;

    // The buffer that each of the left card's descriptors had last, and all that it ever had.
    private readonly Dictionary<uint, ulong> _kept = [];
    private readonly HashSet<ulong> _ofLeft = [];
    // Where the right card got what the left card has not had since.
    private readonly Dictionary<ulong, uint> _ofRight = [];
    private uint _leftTail, _rightTail;

    /// <summary>What is wrong with the buffers; null as long as nothing is.</summary>
    internal TrialFailedException? Shared { get; private set; }

    /// <summary>A buffer that went to the right card again, without a new frame in it; null if none did.</summary>
    internal TrialFailedException? Twice { get; private set; }

    /// <summary>RDT was written.</summary>
    internal void LeftMoved(int line)
    {
        if (RingOf(left, RDBAL) is not { } ring) return;
        foreach (uint place in New(ring, ref _leftTail))
        {
            ulong buffer = ring.Words[2 * place];
            _ofLeft.Add(buffer);
            _ofRight.Remove(buffer);
            if (Shared is null && FindInRight(buffer) is { } other) Share(buffer, place, other, line);
            _kept[place] = buffer;
        }
    }

    /// <summary>TDT was written.</summary>
    internal void RightMoved(int line)
    {
        if (RingOf(right, TDBAL) is not { } ring) return;
        foreach (uint place in New(ring, ref _rightTail))
        {
            ulong buffer = ring.Words[2 * place];
            if (_ofLeft.Contains(buffer) && !_ofRight.TryAdd(buffer, place))
                Twice ??= trial.Failed(
                    $"Descriptor {place} of the right card names the buffer at 0x{buffer:x}, which it had with descriptor "
                    + $"{_ofRight[buffer]} already, and into which no frame has come since. The buffer that was filled, "
                    + "_inBuffers[_inNext], is to go into _outBuffers[_outNext].", line, "82599 7.2.3.2.4");
            if (Shared is null && FindInLeft(buffer) is { } other) Share(buffer, other, place, line);
        }
    }

    private void Share(ulong buffer, uint leftPlace, uint rightPlace, int line)
    {
        string both = $"The buffer at 0x{buffer:x} is in both rings at once: ";
        string isWaiting = $"descriptor {rightPlace} of the right card, which has it as well, says no DD yet";
        Shared = Twice ?? trial.Failed(_kept.TryGetValue(leftPlace, out ulong kept) && kept == buffer
            ? $"{both}descriptor {leftPlace} of the left card has kept it, and {isWaiting}. Give the left card an empty buffer from "
                + "_free in its place."
            : $"{both}the left card got it with descriptor {leftPlace}, and {isWaiting}. Until then the frame in it is on its "
                + "way: take back only what says DD.", line, "82599 7.2.3.5");
    }

    // The descriptor with which the right card has a buffer; null if it has not got it.
    private uint? FindInRight(ulong buffer)
    {
        if (RingOf(right, TDBAL) is not { } ring || _rightTail >= ring.Size) return null;
        uint? found = null;
        for (uint place = ring.Head; place != _rightTail; place = ring.Behind(place))
        {
            // One that says DD speaks for all before it.
            if ((ring.Words[2 * place + 1] & TransmitDone) != 0) found = null;
            else if (ring.Words[2 * place] == buffer) found = place;
        }
        return found;
    }

    private uint? FindInLeft(ulong buffer)
    {
        if (RingOf(left, RDBAL) is not { } ring || _leftTail >= ring.Size) return null;
        for (uint place = ring.Head; place != _leftTail; place = ring.Behind(place))
        {
            if (ring.Words[2 * place] == buffer && (ring.Words[2 * place + 1] & ReceiveDone) == 0) return place;
        }
        return null;
    }

    // Where the driver has put what it hands over with this tail.
    private static List<uint> New(Ring ring, ref uint tail)
    {
        var places = new List<uint>();
        // A shorter ring than before.
        if (tail >= ring.Size) tail = 0;
        for (; tail != ring.Tail; tail = ring.Behind(tail)) places.Add(tail);
        return places;
    }

    // Null if there is none, or one that cannot be looked at.
    private Ring? RingOf(LabDevice card, uint register)
    {
        ulong address = trial.Peek(card, register) | (ulong)trial.Peek(card, register + High) << 32;
        uint size = trial.Peek(card, register + Length) / 16;
        uint head = trial.Peek(card, register + Head), tail = trial.Peek(card, register + Tail);
        return head < size && tail < size && trial.Run.Owns(address, (int)size * 16)
            ? new(address, size, head, tail) : null;
    }

    private sealed record Ring(ulong Address, uint Size, uint Head, uint Tail)
    {
        internal ulong* Words => (ulong*)Address;

        internal uint Behind(uint place) => place + 1 == Size ? 0 : place + 1;
    }
}
