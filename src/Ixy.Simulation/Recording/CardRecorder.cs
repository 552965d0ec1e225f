using Ixy.Hosting;
using Ixy.Ixgbe;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Wires;
using Ixy.Vfio;

namespace Ixy.Simulation.Recording;

/// <summary>
/// Records what happens to one card. It observes what passes between card and host; the card's parts report
/// descriptors, frames and the link.
/// </summary>
internal sealed unsafe class CardRecorder(Recorder recorder, int card, TurnScheduler scheduler, long start)
    : FunctionObserver
{
    private const string DeviceSelect = "common.device_feature_select", DriverSelect = "common.driver_feature_select";

    private readonly Dictionary<(RingKind Kind, int Number), RingState> _rings = [];
    private readonly Dictionary<(int Bar, uint Offset), NamedRegister> _names = [];
    private CardModel? _model;
    private BarAccess? _access;
    private uint _deviceSelect, _driverSelect;

    /// <summary>The card's number in the recorder.</summary>
    internal int Card => card;

    private long Time => scheduler.Now - start;

    /// <summary>The card was created.</summary>
    internal void Watch(CardModel model)
    {
        _model = model;
        model.Observer = this;
    }

    public override void ConfigRead(int offset, uint value, int size) => AddConfig(false, offset, value, size);

    public override void ConfigWritten(int offset, uint value, int size) => AddConfig(true, offset, value, size);

    public override void BarRead(int bar, uint offset, uint value, int size)
    {
        var register = AddAccess(false, bar, offset, value, size);
        // Software that knows the head owns what is before it again.
        if (register.Register == IxgbeRegisters.TDH && _rings.TryGetValue(
            (RingKind.Transmit, register.Index), out var state)) GiveBackUpTo(state, value);
    }

    public override void BarWritten(int bar, uint offset, uint value, int size)
    {
        var register = AddAccess(true, bar, offset, value, size);
        if (register.Name == DeviceSelect) _deviceSelect = value;
        else if (register.Name == DriverSelect) _driverSelect = value;
        if (register.Register == IxgbeRegisters.RDT) MoveTail(RingKind.Receive, register.Index, value & 0xFFFF);
        else if (register.Register == IxgbeRegisters.TDT) MoveTail(RingKind.Transmit, register.Index, value & 0xFFFF);
    }

    public override void FunctionReset() => Add(new HostReset(Time, card));

    public override void MemoryMapped(ulong address, ulong length) =>
        Add(new MappingChange(Time, card, true, address, length));

    public override void MemoryUnmapped(ulong address, ulong length) =>
        Add(new MappingChange(Time, card, false, address, length));

    // Rings have their own events.
    public override void MemoryAccessed(ulong address, uint length, string purpose)
    {
        bool isWrite = purpose.StartsWith("buffer of receive", StringComparison.Ordinal)
            || purpose == "transmit head write-back";
        if (isWrite || purpose == "transmit buffer") Add(new DataAccess(Time, card, isWrite, address, length, purpose));
    }

    public override void Interrupted(InterruptKind kind, int vector) =>
        Add(new InterruptRaised(Time, card, kind, vector));

    public override void RuleBroken(RuleViolation violation) =>
        Add(new BrokenRule(Time, card, violation, _access?.Caller));

    /// <summary>The card has a turn: what happens now is not only an effect of the last access.</summary>
    internal void TurnBegins() => _access = null;

    internal void LinkChanged(bool isUp, int mbps) => Add(new LinkChange(Time, card, isUp, mbps));

    internal void FramePassed(bool isSent, ReadOnlySpan<byte> frame, FrameErrors errors) => Add(new FramePassed(
        Time, card, isSent, recorder.AddFrame(frame), errors == FrameErrors.None ? "" : $"{errors}"));

    /// <summary>A queue was enabled, with the ring that is programmed.</summary>
    internal void RingStarted(RingKind kind, int number, ulong address, uint count, uint head)
    {
        RingStopped(kind, number);
        var ring = recorder.AddRing(card, kind, number, address, count);
        ring.Tail = head;
        _rings[(kind, number)] = new RingState(ring);
        Add(new RingStart(Time, card, ring, head));
    }

    /// <summary>A queue was disabled, or reset. Does nothing if it was not enabled.</summary>
    internal void RingStopped(RingKind kind, int number)
    {
        if (!_rings.Remove((kind, number), out var state)) return;
        recorder.GiveBackAll(state.Ring);
        Add(new RingStop(Time, card, state.Ring));
    }

    /// <summary>A virtio driver has made more places of a ring available.</summary>
    internal void MadeAvailable(RingKind kind, int number, uint count)
    {
        if (_rings.TryGetValue((kind, number), out var state))
            MoveTail(state.Ring, (state.Ring.Tail + count) % state.Ring.Count, count);
    }

    /// <summary>The card reads descriptors of a receive ring.</summary>
    /// <param name="number">The queue's number.</param>
    /// <param name="first">The place of the first descriptor.</param>
    /// <param name="words">Two words for each.</param>
    /// <param name="bufferSize">Bytes of each buffer.</param>
    /// <param name="isLegacy">They have the format of 7.1.5.</param>
    internal void ReceiveDescriptorsRead(
        int number, uint first, ReadOnlySpan<ulong> words, uint bufferSize, bool isLegacy)
    {
        if (!_rings.TryGetValue((RingKind.Receive, number), out var state)) return;
        var layout = isLegacy ? DescriptorLayout.ReceiveLegacyRead : DescriptorLayout.ReceiveRead;
        for (int i = 0; i < words.Length; i += 2)
        {
            var buffer = new RecordedBuffer(words[i], bufferSize, IsWritable: true);
            AddRead(state, first + (uint)i / 2, words[i], words[i + 1], layout, 1, [buffer]);
        }
    }

    /// <summary>The card has written descriptors of a receive ring back.</summary>
    internal void ReceiveDescriptorWritten(int number, uint index, ulong low, ulong high, bool isLegacy)
    {
        if (!_rings.TryGetValue((RingKind.Receive, number), out var state)) return;
        AddWritten(state, index, index, low, high,
            isLegacy ? DescriptorLayout.ReceiveLegacyWritten : DescriptorLayout.ReceiveWritten);
    }

    /// <summary>The card reads the descriptors of a packet to send, or a context.</summary>
    /// <param name="number">The queue's number.</param>
    /// <param name="ring">The ring in memory: two words per descriptor.</param>
    /// <param name="count">Descriptors in it.</param>
    /// <param name="head">The place of the first descriptor.</param>
    /// <param name="parts">How many descriptors.</param>
    internal void TransmitDescriptorsRead(int number, ulong* ring, uint count, uint head, uint parts)
    {
        if (!_rings.TryGetValue((RingKind.Transmit, number), out var state)) return;
        for (uint part = 0; part < parts; part++)
        {
            uint index = (head + part) % count;
            ulong low = ring[2 * index], high = ring[2 * index + 1];
            var layout = DescriptorLayout.OfTransmit(high);
            RecordedBuffer[] buffers = layout == DescriptorLayout.TransmitContext ? []
                : [new RecordedBuffer(low, (ushort)high, IsWritable: false)];
            AddRead(state, index, low, high, layout, 1, buffers);
        }
    }

    /// <summary>
    /// The card has reported its progress in a transmit ring: every descriptor before the head that has DD.
    /// </summary>
    /// <param name="number">The queue's number.</param>
    /// <param name="ring">The ring in memory; null if nothing is written to it.</param>
    /// <param name="head">The place of the first descriptor that is not done.</param>
    /// <param name="writesHead">The head is reported to software instead.</param>
    internal void TransmitDescriptorsDone(int number, ulong* ring, uint head, bool writesHead)
    {
        const ulong Done = 1ul << 32;
        if (ring is null || !_rings.TryGetValue((RingKind.Transmit, number), out var state)) return;
        if (writesHead) GiveBackUpTo(state, head);
        for (uint index = state.Shown; index != head; index = (index + 1) % state.Ring.Count)
        {
            ulong low = ring[2 * index], high = ring[2 * index + 1];
            if ((high & Done) == 0) continue;
            // Those before it that requested no report go back to the driver with it.
            GiveBackUpTo(state, index);
            Next(state);
            AddWritten(state, index, index, low, high, DescriptorLayout.OfTransmit(high));
        }
    }

    /// <summary>A virtio device takes a buffer from a ring.</summary>
    internal void BufferTaken(
        RingKind kind, int number, uint place, uint slots, ulong low, ulong high,
        IReadOnlyList<RecordedBuffer> buffers)
    {
        if (!_rings.TryGetValue((kind, number), out var state)) return;
        var layout = kind == RingKind.Split ? DescriptorLayout.SplitDescriptor : DescriptorLayout.PackedDescriptor;
        AddRead(state, place, low, high, layout, slots, buffers);
        foreach (var buffer in buffers)
        {
            if (!buffer.IsWritable)
                Add(new DataAccess(Time, card, IsWrite: false, buffer.Address, buffer.Length, state.Ring.Name));
        }
    }

    /// <summary>A virtio device gives a buffer back.</summary>
    /// <param name="kind">The ring's kind.</param>
    /// <param name="number">The queue's number.</param>
    /// <param name="place">Where it writes the used element.</param>
    /// <param name="taken">Where the buffer was taken from.</param>
    /// <param name="low">First word of what the device writes.</param>
    /// <param name="high">Second word.</param>
    /// <param name="written">Where the device has written, and how much.</param>
    internal void BufferUsed(
        RingKind kind, int number, uint place, uint taken, ulong low, ulong high,
        IReadOnlyList<RecordedBuffer> written)
    {
        if (!_rings.TryGetValue((kind, number), out var state)) return;
        foreach (var buffer in written)
            Add(new DataAccess(Time, card, IsWrite: true, buffer.Address, buffer.Length, state.Ring.Name));
        AddWritten(state, place, taken, low, high,
            kind == RingKind.Split ? DescriptorLayout.SplitUsed : DescriptorLayout.PackedDescriptor);
    }

    private void MoveTail(RingKind kind, int number, uint tail)
    {
        if (!_rings.TryGetValue((kind, number), out var state)) return;
        var ring = state.Ring;
        if (tail < ring.Count) MoveTail(ring, tail, (tail + ring.Count - ring.Tail) % ring.Count);
    }

    private void MoveTail(RecordedRing ring, uint tail, uint count)
    {
        if (count == 0) return;
        Add(new TailMove(Time, card, ring, ring.Tail, tail, count));
        ring.Tail = tail;
    }

    private void GiveBackUpTo(RingState state, uint head)
    {
        while (state.Shown != head && head < state.Ring.Count) state.GiveBack(recorder, Next(state));
    }

    private static uint Next(RingState state)
    {
        uint index = state.Shown;
        state.Shown = index + 1 == state.Ring.Count ? 0 : index + 1;
        return index;
    }

    private void AddRead(
        RingState state, uint index, ulong low, ulong high, DescriptorLayout layout, uint slots,
        IReadOnlyList<RecordedBuffer> buffers)
    {
        Add(new DescriptorRead(Time, card, state.Ring, index, low, high, layout, slots, buffers));
        state.Buffers[index] = buffers;
        foreach (var buffer in buffers)
        {
            if (recorder.Take(buffer.Address, state.Ring, index) is var (other, place))
                Add(new BufferShared(Time, card, state.Ring, index, other, place, buffer.Address));
        }
    }

    private void AddWritten(RingState state, uint index, uint taken, ulong low, ulong high, DescriptorLayout layout)
    {
        Add(new DescriptorWrite(Time, card, state.Ring, index, taken, low, high, layout));
        state.GiveBack(recorder, taken);
    }

    private void AddConfig(bool isWrite, int offset, uint value, int size)
    {
        _access = null;
        Add(new ConfigAccess(
            Time, card, isWrite, ConfigNames.Of(offset), offset, value, size, recorder.FindCaller()));
    }

    private NamedRegister AddAccess(bool isWrite, int bar, uint offset, uint value, int size)
    {
        if (!_names.TryGetValue((bar, offset), out var register))
            _names.Add((bar, offset), register = _model!.NameOf(bar, offset));
        var named = register.Name switch
        {
            "common.device_feature" => register with { Fields = RegisterFields.OfFeatures(_deviceSelect) },
            "common.driver_feature" => register with { Fields = RegisterFields.OfFeatures(_driverSelect) },
            _ => register,
        };
        _access = new BarAccess(Time, card, isWrite, named, value, size, recorder.FindCaller());
        Add(_access);
        return named;
    }

    private void Add(RecordedEvent happened) => recorder.Add(happened);

    // Descriptors the card has, with their buffers; and how far a transmit ring's are known to be done.
    private sealed class RingState(RecordedRing ring)
    {
        internal RecordedRing Ring { get; } = ring;

        internal Dictionary<uint, IReadOnlyList<RecordedBuffer>> Buffers { get; } = [];

        internal uint Shown { get; set; } = ring.Tail;

        internal void GiveBack(Recorder recorder, uint index)
        {
            if (!Buffers.Remove(index, out var buffers)) return;
            foreach (var buffer in buffers) recorder.GiveBack(buffer.Address, Ring, index);
        }
    }
}
