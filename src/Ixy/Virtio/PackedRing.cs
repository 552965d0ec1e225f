using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Vfio;

namespace Ixy.Virtio;

/// <summary>
/// A descriptor of a packed ring (2.8.13): written by the driver, and overwritten by the device once used.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PackedDescriptor
{
    internal const ulong Next = 1ul << 48, Write = 2ul << 48, Available = 1ul << 55, Used = 1ul << 63;
    internal const ulong StateMask = Available | Used;
    internal const ulong IdMask = 0xFFFF_0000_0000;
    internal const int IdShift = 32;

    internal ulong Address;

    /// <summary>Length (0), buffer id (32), flags (48): in one word, so it is written and read at once.</summary>
    internal ulong Command;
}

/// <summary>
/// A packed ring (2.8): one ring of descriptors, which the driver makes available in order. The device marks them used
/// in order, although their buffers may finish in any order. Two bits in a descriptor say whether it is available or
/// used, and their meaning changes with each round. Positions run free.
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
    /// The two bits of a descriptor made available at this position (2.8.1): wrap counters start at 1.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong AvailableState(ulong position) =>
        IsEvenRound(position) ? PackedDescriptor.Available : PackedDescriptor.Used;

    /// <summary>The two bits of a descriptor that the device has marked used at this position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong UsedState(ulong position) => IsEvenRound(position) ? PackedDescriptor.StateMask : 0;

    /// <summary>
    /// The descriptor at this position, if the device has used it; bits left from before do not count.
    /// </summary>
    internal bool TryReadUsed(ulong position, out ulong command)
    {
        command = Volatile.Read(ref Ring[position & _mask].Command);
        return (command & PackedDescriptor.StateMask) == UsedState(position);
    }

    /// <summary>
    /// Requests an interrupt when the descriptor at a position is used: driver event suppression (2.8.10). Descriptors
    /// used before the device sees the request do not interrupt, so look once more after this.
    /// </summary>
    internal void WantInterrupt(ulong position)
    {
        uint place = (uint)(position & _mask) | (IsEvenRound(position) ? RoundBit : 0);
        uint wish = _eventIndex ? EventForDescriptor << FlagsShift | place : EventsOn << FlagsShift;
        Volatile.Write(ref *(uint*)Driver, wish);
        // The device publishes what it used, and then reads the request: so the store above comes before the look
        // (2.8.21.3.1).
        Interlocked.MemoryBarrier();
    }

    /// <summary>Turns interrupts off: a polled queue does not need them.</summary>
    internal void StopInterrupts() => Volatile.Write(ref *(uint*)Driver, EventsOff << FlagsShift);

    /// <summary>
    /// Notifies the device, if it asked for that, of the descriptors made available from one position to another.
    /// </summary>
    internal void NotifyIfWanted(ulong from, ulong to)
    {
        // The device publishes its request, and then looks at the descriptors; we do the reverse. So earlier stores
        // must be visible before the load below: a full barrier (2.8.21.3.1).
        Interlocked.MemoryBarrier();
        uint wish = Volatile.Read(ref *(uint*)Device);
        uint flags = wish >> FlagsShift & 3;
        bool wanted = flags == EventForDescriptor ? Contains(from, to, wish) : flags != EventsOff;
        if (wanted) Notify();
    }

    // The request names a place in the ring, and in bit 15 the wrap counter of its round (2.8.10): this round or the
    // last.
    private bool Contains(ulong from, ulong to, uint wish)
    {
        ulong position = (to & ~_mask) + (wish & 0x7FFF);
        if (IsEvenRound(to) != ((wish & RoundBit) != 0)) position -= _mask + 1;
        return to - 1 - position < to - from;
    }

    private bool IsEvenRound(ulong position) => (position >> _roundShift & 1) == 0;
}
