using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Ixy.Vfio;

namespace Ixy.Virtio;

/// <summary>
/// What the transmit queues of both layouts share. The header is in a buffer's headroom, right in front of the frame,
/// so that one descriptor holds both. It is all zeros, unless something is left to the device (5.1.6.2).
/// </summary>
internal abstract unsafe partial class VirtioTransmitQueue : TransmitQueue, IDisposable
{
    private const int Group = 32;
    private readonly string _place;

    protected VirtioTransmitQueue(PciDevice device, Virtqueue ring, VirtioQueueOptions options)
    {
        _place = $"transmit queue {ring.Index / 2} of {device.Name}";
        Mask = (ulong)ring.Size - 1;
        HeaderLength = options.HeaderLength;
        _limits = new(options.Device.Offloads, options.LongestToSend);
        PlainLengths = (uint)options.LongestToSend - FrameLengths.Shortest + 1;
        Buffers = (ulong*)NativeMemory.AlignedAlloc((nuint)(ring.Size * sizeof(ulong)), 64);
        new Span<ulong>(Buffers, ring.Size).Clear();
    }

    /// <inheritdoc/>
    public override long Packets => (long)(Next - _skipped);

    /// <inheritdoc/>
    public override int Pending => (int)(Next - Clean);

    /// <summary>Bytes of the packets given to the device.</summary>
    internal long Bytes { get; private protected set; }

    /// <summary>The buffer of each descriptor that the device owns, by its id; 0 for the others.</summary>
    private protected ulong* Buffers { get; }

    private protected ulong Mask { get; }

    private protected uint HeaderLength { get; }

    /// <summary>How many lengths, from the shortest up, need no second check.</summary>
    private protected uint PlainLengths { get; }

    /// <summary>Free-running: packets given to the device.</summary>
    private protected ulong Next { get; set; }

    /// <summary>Free-running: those of them whose buffers were reclaimed.</summary>
    private protected ulong Clean { get; set; }

    // Looking costs a cache line that the device writes. So not before a quarter of the ring is in flight, or there is
    // too little room.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected bool ShouldReclaim(int wanted) =>
        Next - Clean > Mask / 4 || (ulong)wanted > Mask + 1 - (Next - Clean);

    /// <summary>Clears the 16 bytes in front of a frame, which covers the header.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected static void ClearHeader(ulong buffer) =>
        Vector128<byte>.Zero.StoreAligned((byte*)(buffer & Packet.AddressMask) - Vector128<byte>.Count);

    /// <summary>Id of the descriptor used at a position, if the device has used it.</summary>
    private protected abstract bool TryReadUsed(ulong position, out ulong id);

    /// <summary>Makes a descriptor the next one used at a position that was reclaimed.</summary>
    private protected abstract void Reuse(ulong position, ulong id);

    /// <summary>Where the device finds header and frame.</summary>
    private protected abstract ulong DeviceAddress(ulong buffer);

    /// <summary>Writes the descriptor for a position; the device does not see it yet.</summary>
    private protected abstract void Write(ulong position, ulong buffer, ulong address, uint length);

    /// <summary>Shows the device everything written up to a position.</summary>
    private protected abstract void Publish(ulong to);

    /// <summary>
    /// Undoes what was written for a position that the device must not see; returns its descriptor's id.
    /// </summary>
    private protected abstract ulong TakeBack(ulong position);

    /// <summary>Reclaims the buffers of everything that was sent.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private protected void Reclaim()
    {
        ulong* sent = stackalloc ulong[Group];
        int count = 0;
        for (; Clean != Next && TryReadUsed(Clean, out ulong id); Clean++)
        {
            bool isValid = id <= Mask && Buffers[id] != 0;
            if (!isValid || count == Group)
            {
                PacketPool.Free(new ReadOnlySpan<ulong>(sent, count));
                count = 0;
            }
            if (!isValid) ThrowNotGiven(id);
            sent[count++] = Buffers[id];
            Buffers[id] = 0;
            Reuse(Clean, id);
        }
        PacketPool.Free(new ReadOnlySpan<ulong>(sent, count));
    }

    /// <summary>Returns all buffers, including those never sent; the device must have been reset.</summary>
    public void Dispose()
    {
        for (ulong id = 0; id <= Mask; id++)
        {
            if (Buffers[id] != 0) PacketPool.Free(new ReadOnlySpan<ulong>(Buffers + id, 1));
        }
        NativeMemory.AlignedFree(Buffers);
    }

    [DoesNotReturn]
    private void ThrowNotGiven(ulong id) => throw new DeviceProtocolException(
        $"{_place}: the device reports descriptor {id} as sent: expected one of the {Pending} it was given");
}
