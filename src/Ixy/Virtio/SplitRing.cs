using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Vfio;

namespace Ixy.Virtio;

/// <summary>A descriptor of a split ring (2.7.5).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SplitDescriptor
{
    internal const ulong Next = 1ul << 32, Write = 2ul << 32;
    internal const int NextShift = 48;

    internal ulong Address;

    /// <summary>Length (0), flags (32), index of the next descriptor in a chain (48).</summary>
    internal ulong Command;
}

/// <summary>What the device reports of a finished chain of descriptors (2.7.8).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UsedElement
{
    /// <summary>Index of the chain's first descriptor.</summary>
    internal uint Id;

    /// <summary>Bytes the device has written.</summary>
    internal uint Length;
}

/// <summary>
/// A split ring (2.7): a table of descriptors; the available ring, in which the driver lists those that it gives to the
/// device; the used ring, in which the device gives them back, in any order. Positions run free; 16 bits of them are in
/// memory.
/// </summary>
internal sealed unsafe class SplitRing : Virtqueue
{
    private const ushort NoInterrupt = 1, NoNotify = 1;
    private readonly bool _eventIndex;

    internal SplitRing(PciDevice device, VirtioDoorbell doorbell, ushort index, int size, bool eventIndex)
        : base(device, doorbell, index, size)
    {
        _eventIndex = eventIndex;
        Begin();
    }

    internal override void Clear()
    {
        base.Clear();
        Begin();
    }

    private void Begin()
    {
        StopInterrupts();
        // A descriptor's place in the available ring stays the same as long as the device finishes them in order.
        for (int i = 0; i < Size; i++) Available[i] = (ushort)i;
    }

    internal SplitDescriptor* Table => (SplitDescriptor*)Descriptors;

    /// <summary>
    /// Available ring: the descriptors that are the device's from the used position up to the published one.
    /// </summary>
    internal ushort* Available => (ushort*)Driver + 2;

    internal UsedElement* Used => (UsedElement*)(Device + 4);

    private ushort* AvailableFlags => (ushort*)Driver;

    private ushort* AvailableIndex => (ushort*)Driver + 1;

    // Of the interrupts, and of the notifications, the next one that is wanted (2.7.7, 2.7.10).
    private ushort* UsedEvent => (ushort*)Driver + 2 + Size;

    private ushort* UsedFlags => (ushort*)Device;

    private ushort* UsedIndex => (ushort*)Device + 1;

    private ushort* AvailableEvent => (ushort*)(Device + 4 + 8 * Size);

    /// <summary>
    /// How many chains the device has finished since <paramref name="position"/>; more than the ring has is a lie.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ushort CountUsed(ulong position) =>
        // An acquire load: elements and buffers are read after the index was seen.
        (ushort)(Volatile.Read(ref *UsedIndex) - (ushort)position);

    /// <summary>
    /// Asks for an interrupt when the chain at a position is used (2.7.7). What the device has used before it can see
    /// the wish does not interrupt: look once more after this.
    /// </summary>
    internal void WantInterrupt(ulong position)
    {
        if (_eventIndex) Volatile.Write(ref *UsedEvent, (ushort)position);
        else Volatile.Write(ref *AvailableFlags, 0);
        // The device shows what it used, and then reads the wish: so the store above comes before the look
        // (2.7.13.4.1).
        Interlocked.MemoryBarrier();
    }

    /// <summary>
    /// A queue that is polled needs no interrupt. With event indices the flag must be 0 (2.7.7.1), and a wish that was
    /// granted is none any more; see also <see cref="Publish"/>.
    /// </summary>
    internal void StopInterrupts() => Volatile.Write(ref *AvailableFlags, _eventIndex ? (ushort)0 : NoInterrupt);

    /// <summary>Gives the device what the available ring lists from one position up to another.</summary>
    internal void Publish(ulong from, ulong to)
    {
        // An interrupt is wanted for a chain that the device does not have yet: it never comes.
        if (_eventIndex) Volatile.Write(ref *UsedEvent, (ushort)to);
        // A release store: descriptors and list are seen before the index.
        Volatile.Write(ref *AvailableIndex, (ushort)to);
        // The device reads the index after it has said which it wants to hear of; we do it the other way round. So the
        // store above must be seen before the load below is done: a full barrier (2.7.13.4.1).
        Interlocked.MemoryBarrier();
        bool wanted = _eventIndex
            ? (ushort)((ushort)to - Volatile.Read(ref *AvailableEvent) - 1) < (ushort)(to - from)
            : (Volatile.Read(ref *UsedFlags) & NoNotify) == 0;
        if (wanted) Notify();
    }
}
