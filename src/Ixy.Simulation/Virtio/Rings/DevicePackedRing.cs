using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Ixy.Simulation.Virtio.Rings;

/// <summary>
/// A packed virtqueue: one ring of descriptors, which the driver writes to make buffers available and the device
/// overwrites to give them back (virtio 1.2, 2.8). Two flags, compared with a wrap counter, say who owns a descriptor.
/// </summary>
internal sealed unsafe class DevicePackedRing(VirtioCard card, string name) : Ring(card, name)
{
    private const ushort AvailableFlag = 1 << 7, UsedFlag = 1 << 15;
    private const ushort EventEnable = 0, EventDisable = 1, EventDescriptor = 2, WrapBit = 1 << 15;

    private Descriptor* _ring;
    private ushort* _driverEvent, _deviceEvent;
    private uint _size;

    // Where the next available descriptor is expected, and where the next used one goes, each with its lap.
    private uint _next, _used;
    private bool _nextWrap, _usedWrap;

    // Used buffers that the driver cannot see yet.
    private UsedBuffer[] _unpublished = [];
    private uint _unpublishedCount;

    internal override uint Ahead
    {
        get
        {
            uint count = 0, place = _next;
            for (bool wrap = _nextWrap; count < _size && IsAvailable(_ring[place].Flags, wrap); count++)
            {
                if (++place == _size) (place, wrap) = (0, !wrap);
            }
            return count;
        }
    }

    internal override (ulong Low, ulong High) DescriptorAt(uint place)
    {
        ulong* words = (ulong*)(_ring + place);
        return (words[0], words[1]);
    }

    internal override void Start(in RingLayout layout)
    {
        base.Start(layout);
        _size = layout.Size;
        _next = _used = _unpublishedCount = 0;
        _nextWrap = _usedWrap = true;
        if (_unpublished.Length < _size) _unpublished = new UsedBuffer[_size];
    }

    internal override bool BeginTurn()
    {
        _ring = (Descriptor*)Dma.Translate(Layout.Descriptors, _size * DescriptorLength, Name);
        _driverEvent = (ushort*)Dma.Translate(Layout.Driver, 4, Name);
        _deviceEvent = (ushort*)Dma.Translate(Layout.Device, 4, Name);
        return _ring is not null && _driverEvent is not null && _deviceEvent is not null || Fault();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal override bool TryTake(BufferChain chain)
    {
        var descriptor = _ring + _next;
        ushort flags = Volatile.Read(ref descriptor->Flags);
        // The driver cannot have made available again what the device has not published yet.
        if (!IsAvailable(flags, _nextWrap) || _unpublishedCount == _size) return false;
        // A bounce buffer may have the flags of a descriptor, but nothing else of it yet.
        Dma.LookAgain(descriptor, DescriptorLength);
        FetchAhead();
        // Each field is read only once: the driver could change it between check and use.
        uint length = Volatile.Read(ref descriptor->Length);
        chain.Id = descriptor->Id;
        chain.Slots = 1;
        if ((flags & (NextFlag | IndirectFlag)) == 0 && length != 0)
        {
            ulong address = Volatile.Read(ref descriptor->Address);
            byte* memory = Dma.Translate(address, length, Name);
            if (memory is null) return Fault();
            chain.Set(address, memory, length, (flags & WriteFlag) != 0);
        }
        else if (!((flags & IndirectFlag) != 0 ? WalkTable(chain, descriptor) : WalkRing(chain)))
        {
            return false;
        }
        _next += chain.Slots;
        if (_next >= _size) (_next, _nextWrap) = (_next - _size, !_nextWrap);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal override void Use(BufferChain chain, uint written, bool goesOn) =>
        _unpublished[_unpublishedCount++] =
        new UsedBuffer { Id = chain.Id, Slots = (ushort)chain.Slots, Length = written };

    internal override void PutBack(BufferChain chain)
    {
        if (_next < chain.Slots) (_next, _nextWrap) = (_next + _size, !_nextWrap);
        _next -= chain.Slots;
    }

    internal override RingMark Mark() => new(_next, _nextWrap, _unpublishedCount);

    internal override void GoBack(RingMark mark) =>
        (_next, _nextWrap, _unpublishedCount) = (mark.Next, mark.Wrap, mark.Used);

    internal override bool Publish()
    {
        if (_unpublishedCount == 0) return false;
        Dma.Push();
        var first = _ring + _used;
        ushort firstFlags = WriteUsed(0);
        uint slots = Advance(0);
        for (uint index = 1; index < _unpublishedCount; index++)
        {
            var descriptor = _ring + _used;
            Volatile.Write(ref descriptor->Flags, WriteUsed(index));
            slots += Advance(index);
        }
        // The first one goes last: whoever sees it sees all, in particular all of a packet in merged buffers.
        Dma.Push();
        Volatile.Write(ref first->Flags, firstFlags);
        _unpublishedCount = 0;
        Dma.Push();
        Interlocked.MemoryBarrier();
        Dma.LookAgain(_driverEvent, 2 * sizeof(ushort));
        return WantsInterrupt(slots);
    }

    internal override bool HasUsed => _unpublishedCount > 0;

    internal override void LieAboutId() => _unpublished[0].Id = NoId;

    internal override void LieAboutLength() => _unpublished[0].Length = NoLength;

    internal override void SuppressNotifications() => Volatile.Write(ref _deviceEvent[1], EventDisable);

    internal override bool EnableNotifications()
    {
        if (Layout.HasEventIndex) Volatile.Write(ref _deviceEvent[0], (ushort)(_next | (_nextWrap ? WrapBit : 0u)));
        Volatile.Write(ref _deviceEvent[1], Layout.HasEventIndex ? EventDescriptor : EventEnable);
        Dma.Push();
        Interlocked.MemoryBarrier();
        Dma.LookAgain(_ring + _next, DescriptorLength);
        return IsAvailable(Volatile.Read(ref _ring[_next].Flags), _nextWrap);
    }

    // 2.8.1: available when the first flag matches the driver's wrap counter and the second does not.
    private static bool IsAvailable(ushort flags, bool wrap) =>
        ((flags & AvailableFlag) != 0) == wrap && ((flags & UsedFlag) != 0) != wrap;

    // Id and length; the caller writes the flags that belong to them.
    private ushort WriteUsed(uint index)
    {
        ref var buffer = ref _unpublished[index];
        var descriptor = _ring + _used;
        descriptor->Id = buffer.Id;
        descriptor->Length = buffer.Length;
        uint lap = _usedWrap ? (uint)AvailableFlag | UsedFlag : 0;
        return (ushort)(lap | (buffer.Length != 0 ? WriteFlag : 0u));
    }

    private uint Advance(uint index)
    {
        uint slots = _unpublished[index].Slots;
        _used += slots;
        if (_used >= _size) (_used, _usedWrap) = (_used - _size, !_usedWrap);
        return slots;
    }

    // 2.8.10: never, always, or when the descriptor of a given lap was used.
    private bool WantsInterrupt(uint slots)
    {
        ushort flags = _driverEvent[1];
        if (flags == EventEnable) return true;
        if (flags == EventDisable) return false;
        if (flags != EventDescriptor || !Layout.HasEventIndex)
        {
            Card.Report(VirtioRule.EventFlags, Name, flags);
            return true;
        }
        uint place = _driverEvent[0], wanted = place & ~(uint)WrapBit;
        if ((place & WrapBit) != 0 != _usedWrap) wanted -= _size;
        return IsPassed((ushort)wanted, (ushort)_used, (ushort)(_used - slots));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void FetchAhead()
    {
        uint ahead = _next + BuffersAhead;
        if (ahead >= _size) return;
        if (Sse.IsSupported) Sse.Prefetch0(_ring + ahead);
        Dma.Prefetch(_ring[_next + BuffersAhead / 2].Address);
    }

    // 2.8.6: the descriptors of a list are consecutive in the ring; the last one has the id.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool WalkRing(BufferChain chain)
    {
        uint place = _next;
        bool wrap = _nextWrap;
        ulong total = 0;
        chain.Clear();
        for (uint slots = 1; ; slots++)
        {
            if (slots > _size) return Break(VirtioRule.ChainTooLong, slots);
            Dma.LookAgain(_ring + place, DescriptorLength);
            var descriptor = _ring[place];
            if (!IsAvailable(descriptor.Flags, wrap)) return Break(VirtioRule.ChainOpen, descriptor.Flags);
            if ((descriptor.Flags & IndirectFlag) != 0) return Break(VirtioRule.IndirectAndNext, descriptor.Flags);
            if (!TryAdd(chain, descriptor.Address, descriptor.Length, (descriptor.Flags & WriteFlag) != 0, ref total))
                return false;
            (chain.Id, chain.Slots) = (descriptor.Id, slots);
            if ((descriptor.Flags & NextFlag) == 0) return true;
            if (++place == _size) (place, wrap) = (0, !wrap);
        }
    }

    // 2.8.7: a table of descriptors, all of which belong to the buffer.
    private bool WalkTable(BufferChain chain, Descriptor* place)
    {
        // A private copy, which no driver can change.
        var descriptor = *place;
        if (!Layout.HasIndirect) return Break(VirtioRule.IndirectNotNegotiated, descriptor.Flags);
        if ((descriptor.Flags & NextFlag) != 0) return Break(VirtioRule.IndirectAndNext, descriptor.Flags);
        uint length = descriptor.Length / DescriptorLength;
        if (length == 0 || descriptor.Length % DescriptorLength != 0)
            return Break(VirtioRule.IndirectLength, descriptor.Length);
        if (length > _size) return Break(VirtioRule.ChainTooLong, length);
        var table = (Descriptor*)Dma.Translate(descriptor.Address, descriptor.Length, Name);
        if (table is null) return Fault();
        ulong total = 0;
        chain.Clear();
        for (uint index = 0; index < length; index++)
        {
            var part = table[index];
            if ((part.Flags & IndirectFlag) != 0) return Break(VirtioRule.IndirectNested, part.Flags);
            if (!TryAdd(chain, part.Address, part.Length, (part.Flags & WriteFlag) != 0, ref total)) return false;
        }
        return true;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Descriptor
    {
        internal ulong Address;
        internal uint Length;
        internal ushort Id, Flags;
    }

    private struct UsedBuffer
    {
        internal ushort Id, Slots;
        internal uint Length;
    }
}
