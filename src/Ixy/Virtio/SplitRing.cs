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

/// <summary>The device's report of a finished chain of descriptors (2.7.8).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UsedElement
{
    /// <summary>Index of the chain's first descriptor.</summary>
    internal uint Id;

    /// <summary>Bytes the device has written.</summary>
    internal uint Length;
}

/// <summary>
/// A split ring (2.7): a table of descriptors; the available ring, where the driver lists those it gives to the device;
/// and the used ring, where the device gives them back, in any order. Positions run free; their low 16 bits are in
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
        // A descriptor's place in the available ring does not change as long as the device finishes them in order.
        for (int i = 0; i < Size; i++) Available[i] = (ushort)i;
    }

    internal SplitDescriptor* Table => (SplitDescriptor*)Descriptors;

    /// <summary>
    /// Available ring: the device owns the descriptors from the used position up to the published one.
    /// </summary>
    internal ushort* Available => (ushort*)Driver + 2;

    internal UsedElement* Used => (UsedElement*)(Device + 4);

    private ushort* AvailableFlags => (ushort*)Driver;

    private ushort* AvailableIndex => (ushort*)Driver + 1;

    // The next interrupt and the next notification that are wanted (2.7.7, 2.7.10).
    private ushort* UsedEvent => (ushort*)Driver + 2 + Size;

    private ushort* UsedFlags => (ushort*)Device;

    private ushort* UsedIndex => (ushort*)Device + 1;

    private ushort* AvailableEvent => (ushort*)(Device + 4 + 8 * Size);

    /// <summary>
    /// How many chains the device has finished since <paramref name="position"/>; more than the ring holds is an error.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ushort CountUsed(ulong position) =>
        // An acquire load: elements and buffers are read after the index was seen.
        (ushort)(Volatile.Read(ref *UsedIndex) - (ushort)position);

    /// <summary>
    /// Requests an interrupt when the chain at a position is used (2.7.7). Chains used before the device sees the
    /// request do not interrupt, so look once more after this.
    /// </summary>
    internal void WantInterrupt(ulong position)
    {
        if (_eventIndex) Volatile.Write(ref *UsedEvent, (ushort)position);
        else Volatile.Write(ref *AvailableFlags, 0);
        // The device publishes what it used, and then reads the request: so the store above comes before the look
        // (2.7.13.4.1).
        Interlocked.MemoryBarrier();
    }

    /// <summary>
    /// Turns interrupts off: a polled queue does not need them. With event indices the flag must be 0 (2.7.7.1), and a
    /// request that has fired does not fire again; see also <see cref="Publish"/>.
    /// </summary>
    internal void StopInterrupts() => Volatile.Write(ref *AvailableFlags, _eventIndex ? (ushort)0 : NoInterrupt);

    /// <summary>Gives the device the descriptors that the available ring lists from one position to another.</summary>
    internal void Publish(ulong from, ulong to)
    {
        // Requests an interrupt for a chain that the device does not have yet, so it never fires.
        if (_eventIndex) Volatile.Write(ref *UsedEvent, (ushort)to);
        // A release store: descriptors and list are seen before the index.
        Volatile.Write(ref *AvailableIndex, (ushort)to);
        // The device publishes its request, and then reads the index; we do the reverse. So the store above must be
        // visible before the load below: a full barrier (2.7.13.4.1).
        Interlocked.MemoryBarrier();
        bool wanted = _eventIndex
            ? (ushort)((ushort)to - Volatile.Read(ref *AvailableEvent) - 1) < (ushort)(to - from)
            : (Volatile.Read(ref *UsedFlags) & NoNotify) == 0;
        if (wanted) Notify();
    }
}
