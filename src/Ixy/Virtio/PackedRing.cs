using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Vfio;

namespace Ixy.Virtio;

/// <summary>
/// A descriptor of a packed ring (2.8.13): written by the driver, and over it by the device when it is used.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PackedDescriptor
{
    internal const ulong Next = 1ul << 48, Write = 2ul << 48, Available = 1ul << 55, Used = 1ul << 63;
    internal const ulong StateMask = Available | Used;
    internal const ulong IdMask = 0xFFFF_0000_0000;
    internal const int IdShift = 32;

    internal ulong Address;

    /// <summary>Length (0), buffer id (32), flags (48): in one word, so that it is written and read at once.</summary>
    internal ulong Command;
}

/// <summary>
/// A packed ring (2.8): one ring of descriptors, in which the driver makes descriptors available in order, and the
/// device marks them used in order, though the buffers they name may be finished in any. Whether two bits of a
/// descriptor mean available or used changes with each round. Positions run free.
/// </summary>
internal sealed unsafe class PackedRing : Virtqueue
{
    private const uint EventsOn = 0, EventsOff = 1, EventForDescriptor = 2;
    private const int FlagsShift = 16;
    private const uint RoundBit = 0x8000;
    private readonly ulong _mask;
    private readonly int _roundShift;
    private readonly bool _eventIndex;

    internal PackedRing(PciDevice device, VirtioDoorbell doorbell, ushort index, int size, bool eventIndex)
        : base(device, doorbell, index, size)
    {
        _eventIndex = eventIndex;
        _mask = (ulong)size - 1;
        _roundShift = int.Log2(size);
        StopInterrupts();
    }

    internal override void Clear()
    {
        base.Clear();
        StopInterrupts();
    }

    internal PackedDescriptor* Ring => (PackedDescriptor*)Descriptors;

    /// <summary>
    /// The two bits of a descriptor that is made available at this position (2.8.1): counters start with 1.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong AvailableState(ulong position) =>
        IsEvenRound(position) ? PackedDescriptor.Available : PackedDescriptor.Used;

    /// <summary>The two bits of a descriptor that the device has marked used at this position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong UsedState(ulong position) => IsEvenRound(position) ? PackedDescriptor.StateMask : 0;

    /// <summary>
    /// The descriptor at this position, if the device has used it; bits from before it was available are no report.
    /// </summary>
    internal bool TryReadUsed(ulong position, out ulong command)
    {
        command = Volatile.Read(ref Ring[position & _mask].Command);
        return (command & PackedDescriptor.StateMask) == UsedState(position);
    }

    /// <summary>
    /// Asks for an interrupt when the descriptor at a position is used: driver event suppression (2.8.10). What the
    /// device has used before it can see the wish does not interrupt: look once more after this.
    /// </summary>
    internal void WantInterrupt(ulong position)
    {
        uint place = (uint)(position & _mask) | (IsEvenRound(position) ? RoundBit : 0);
        uint wish = _eventIndex ? EventForDescriptor << FlagsShift | place : EventsOn << FlagsShift;
        Volatile.Write(ref *(uint*)Driver, wish);
        // The device shows what it used, and then reads the wish: so the store above comes before the look
        // (2.8.21.3.1).
        Interlocked.MemoryBarrier();
    }

    /// <summary>A queue that is polled needs no interrupt.</summary>
    internal void StopInterrupts() => Volatile.Write(ref *(uint*)Driver, EventsOff << FlagsShift);

    /// <summary>
    /// Tells the device, if it wants to hear of it, of the descriptors made available from one position up to another.
    /// </summary>
    internal void NotifyIfWanted(ulong from, ulong to)
    {
        // The device looks at the descriptors after it has said what it wants to hear of; we do it the other way round.
        // So the stores before must be seen before the load below is done: a full barrier (2.8.21.3.1).
        Interlocked.MemoryBarrier();
        uint wish = Volatile.Read(ref *(uint*)Device);
        uint flags = wish >> FlagsShift & 3;
        bool wanted = flags == EventForDescriptor ? Contains(from, to, wish) : flags != EventsOff;
        if (wanted) Notify();
    }

    // The wish names a place in the ring, and in bit 15 the wrap counter of its round (2.8.10): of this round or the
    // last.
    private bool Contains(ulong from, ulong to, uint wish)
    {
        ulong position = (to & ~_mask) + (wish & 0x7FFF);
        if (IsEvenRound(to) != ((wish & RoundBit) != 0)) position -= _mask + 1;
        return to - 1 - position < to - from;
    }

    private bool IsEvenRound(ulong position) => (position >> _roundShift & 1) == 0;
}
