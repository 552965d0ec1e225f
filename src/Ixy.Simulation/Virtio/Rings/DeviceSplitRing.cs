using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Ixy.Simulation.Virtio.Rings;

/// <summary>A split virtqueue: descriptor table, available ring, used ring (virtio 1.2, 2.7).</summary>
internal sealed unsafe class DeviceSplitRing(VirtioCard card, string name) : Ring(card, name)
{
    private const ushort NoNotify = 1, NoInterrupt = 1;

    private Descriptor* _table;
    private ushort* _available;
    private ushort* _used;
    private uint _size, _mask;

    // Free-running: entries of the available ring taken, entries known to be there, entries of the used ring written,
    // and those the driver can see.
    private ushort _next, _known, _written, _published;

    internal override uint Ahead => Math.Min(_size, (ushort)(Volatile.Read(ref _available[1]) - _next));

    // With a wrong index there is nothing to show; the ring breaks when it is read.
    internal override (ulong Low, ulong High) DescriptorAt(uint place)
    {
        uint head = _available[2 + (place & _mask)];
        ulong* words = (ulong*)(_table + (head & _mask));
        return head < _size ? (words[0], words[1]) : default;
    }

    internal override void Start(in RingLayout layout)
    {
        base.Start(layout);
        (_size, _mask) = (layout.Size, layout.Size - 1);
        _next = _known = _written = _published = 0;
    }

    internal override bool BeginTurn()
    {
        // Flags, index, entries, and the event index. If they are copied, the index first: what it refers to is there.
        _available = (ushort*)Dma.Translate(Layout.Driver, 6 + 2 * _size, Name);
        _table = (Descriptor*)Dma.Translate(Layout.Descriptors, _size * DescriptorLength, Name);
        _used = (ushort*)Dma.Translate(Layout.Device, 6 + 8 * _size, Name);
        return _table is not null && _available is not null && _used is not null || Fault();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal override bool TryTake(BufferChain chain)
    {
        if (_next == _known && !LookForMore()) return false;
        uint head = _available[2 + (_next & _mask)];
        FetchAhead();
        if (head >= _size) return Break(VirtioRule.DescriptorIndex, head);
        chain.Id = (ushort)head;
        // Each field is read only once: the driver could change it between check and use.
        var descriptor = _table + head;
        uint length = Volatile.Read(ref descriptor->Length);
        ushort flags = Volatile.Read(ref descriptor->Flags);
        if ((flags & (NextFlag | IndirectFlag)) == 0 && length != 0)
        {
            ulong address = Volatile.Read(ref descriptor->Address);
            byte* memory = Dma.Translate(address, length, Name);
            if (memory is null) return Fault();
            chain.Set(address, memory, length, (flags & WriteFlag) != 0);
        }
        else if (!Walk(chain, head))
        {
            return false;
        }
        _next++;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal override void Use(BufferChain chain, uint written, bool goesOn)
    {
        uint* element = (uint*)(_used + 2) + 2 * (_written & _mask);
        element[0] = chain.Id;
        element[1] = written;
        _written++;
    }

    internal override void PutBack(BufferChain chain) => _next--;

    internal override RingMark Mark() => new(_next, false, _written);

    internal override void GoBack(RingMark mark) => (_next, _written) = ((ushort)mark.Next, (ushort)mark.Used);

    internal override bool Publish()
    {
        ushort before = _published, now = _written;
        if (now == before) return false;
        Dma.Push();
        Volatile.Write(ref _used[1], now);
        _published = now;
        // The driver's request is read after it can see the index (2.7.7.2).
        Dma.Push();
        Interlocked.MemoryBarrier();
        ushort* wanted = Layout.HasEventIndex ? _available + 2 + _size : _available;
        Dma.LookAgain(wanted, sizeof(ushort));
        return Layout.HasEventIndex ? IsPassed(*wanted, now, before) : (*wanted & NoInterrupt) == 0;
    }

    internal override bool HasUsed => _written != _published;

    internal override void LieAboutId() => FirstUnpublished[0] = NoId;

    internal override void LieAboutLength() => FirstUnpublished[1] = NoLength;

    internal override void SuppressNotifications()
    {
        // With EVENT_IDX the event index is not advanced, and the flag is always 0 (2.7.10.1).
        if (!Layout.HasEventIndex) Volatile.Write(ref _used[0], NoNotify);
    }

    internal override bool EnableNotifications()
    {
        if (Layout.HasEventIndex) Volatile.Write(ref _used[2 + 4 * _size], _next);
        else Volatile.Write(ref _used[0], 0);
        Dma.Push();
        Interlocked.MemoryBarrier();
        Dma.LookAgain(_available + 1, sizeof(ushort));
        return LookForMore();
    }

    private uint* FirstUnpublished => (uint*)(_used + 2) + 2 * (_published & _mask);

    private bool LookForMore()
    {
        ushort index = Volatile.Read(ref _available[1]);
        if (index == _next) return false;
        if ((ushort)(index - _next) > _size) return Break(VirtioRule.AvailableIndex, index);
        _known = index;
        return true;
    }

    // The driver wrote these last, so they are in another core's cache.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void FetchAhead()
    {
        uint ahead = (ushort)(_known - _next);
        if (ahead <= BuffersAhead) return;
        uint far = _available[2 + (_next + BuffersAhead & _mask)] & _mask;
        uint near = _available[2 + (_next + BuffersAhead / 2 & _mask)] & _mask;
        if (Sse.IsSupported) Sse.Prefetch0(_table + far);
        Dma.Prefetch(_table[near].Address);
    }

    // 2.7.5, 2.7.5.3: descriptors linked by their next fields; the last may be a table of more.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Walk(BufferChain chain, uint index)
    {
        var table = _table;
        uint length = _size, steps = 0;
        ulong total = 0;
        bool isIndirect = false;
        chain.Clear();
        while (true)
        {
            if (index >= length) return Break(VirtioRule.DescriptorIndex, index);
            // A copy, which no driver can change.
            var descriptor = table[index];
            if ((descriptor.Flags & IndirectFlag) != 0)
            {
                if (!MayBeIndirect(descriptor, isIndirect)) return false;
                table = (Descriptor*)Dma.Translate(descriptor.Address, descriptor.Length, Name);
                if (table is null) return Fault();
                (length, index, isIndirect) = (descriptor.Length / DescriptorLength, 0, true);
                continue;
            }
            if (++steps > _size)
                return Break(steps > length ? VirtioRule.DescriptorLoop : VirtioRule.ChainTooLong, index);
            if (!TryAdd(chain, descriptor.Address, descriptor.Length, (descriptor.Flags & WriteFlag) != 0, ref total))
                return false;
            if ((descriptor.Flags & NextFlag) == 0) return true;
            index = descriptor.Next;
        }
    }

    private bool MayBeIndirect(in Descriptor descriptor, bool isIndirect)
    {
        if (!Layout.HasIndirect) return Break(VirtioRule.IndirectNotNegotiated, descriptor.Flags);
        if (isIndirect) return Break(VirtioRule.IndirectNested, descriptor.Flags);
        if ((descriptor.Flags & NextFlag) != 0) return Break(VirtioRule.IndirectAndNext, descriptor.Flags);
        bool fits = descriptor.Length != 0 && descriptor.Length % DescriptorLength == 0;
        return fits || Break(VirtioRule.IndirectLength, descriptor.Length);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Descriptor
    {
        internal ulong Address;
        internal uint Length;
        internal ushort Flags, Next;
    }
}
