using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Ixy.Addresses;
using Ixy.Vfio;

namespace Ixy.Ixgbe;

/// <summary>
/// Receives four packets at a time with AVX2, and single ones without a loop. Gives exactly the same results as the
/// loop of <see cref="IxgbeReceiveQueue{TAddresses, TOffloads}"/>, to which it leaves every unusual case.
/// </summary>
internal sealed unsafe partial class IxgbeVectorReceiveQueue : IxgbeReceiveQueue<VirtualAddresses, NoOffloads>
{
    // A vector has four quadwords. Unpacking the pairs (0, 1) and (2, 3) gives the order 0, 2, 1, 3.
    private const int Width = 4;
    private const byte Interleaved = 0b11_01_10_00, Backwards = 0b00_01_10_11;
    // The last two of a vector, and the first two, from behind, each in the low half of a descriptor.
    private const byte LastTwo = 0b00_10_00_11, FirstTwo = 0b00_00_00_01;
    // Blend mask: the high half of each quadword comes from the second operand.
    private const byte HighHalves = 0b1010_1010;
    // What is checked of a status, and the least that is good: the flags, which must match, and a length, which must
    // not be 0.
    private const ulong LengthOne = 1ul << IxgbeReceiveDescriptor.LengthShift;
    private const ulong CheckedMask = IxgbeReceiveDescriptor.WholeMask | 0xFFFF * LengthOne;
    private const ulong Least = IxgbeReceiveDescriptor.Whole | LengthOne;

    internal IxgbeVectorReceiveQueue(PciDevice device, PciBar bar, int index, NetworkDeviceOptions options)
        : base(device, bar, index, options)
    {
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override int Receive(Span<Packet> batch)
    {
        if (batch.Length != 1) return ReceiveVectors(batch);
        if (!TryReceive(out var packet)) return 0;
        MemoryMarshal.GetReference(batch) = packet;
        return 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int ReceiveVectors(Span<Packet> batch)
    {
        ulong from = _position, index = from & _ring.Mask;
        ulong* top = _fresh.Top;
        nint limit = Math.Min(batch.Length, (int)Math.Min(_ring.Mask + 1 - index, (ulong)_fresh.Count)) - Width;
        // While the rest of a frame is outstanding, no descriptor is a whole frame.
        if (limit < 0 || _longestFrame == 0) return base.Receive(batch);
        // Two packets at a time. Through a reference: if the batch is an array, the GC may move it.
        ref var packets = ref Unsafe.As<Packet, Vector256<ulong>>(ref MemoryMarshal.GetReference(batch));
        var descriptors = (ulong*)(_ring.Descriptors + index);
        ulong* start = _ring.Buffers + index, buffers = start, last = start + limit;
        var mask = Vector256.Create(CheckedMask);
        // Word by word: only the length may exceed the least.
        var least = Vector256.Create(Least).AsUInt16();
        var most = Vector256.Create((_longestFrame - 1) * LengthOne).AsUInt16();
        var addressMask = Vector256.Create(Packet.AddressMask, 0, Packet.AddressMask, 0);
        do
        {
            // Loads sixteen bytes of a descriptor at once, as the card writes them, so the status is consistent with
            // the rest. Loads are not reordered on x86, so the frames are read later.
            var first = Load(descriptors, descriptors + 2);
            var second = Load(descriptors + 4, descriptors + 6);
            var status = Avx2.And(Avx2.UnpackHigh(first, second), mask);
            var excess = Avx2.SubtractSaturate(Avx2.Subtract(status.AsUInt16(), least), most);
            if (!Avx.TestZ(excess, excess)) break;
            var lengths = Avx2.ShiftRightLogical(status, IxgbeReceiveDescriptor.LengthShift);
            var hashes = Avx2.UnpackLow(first, second);
            var metadata = Avx2.Blend(lengths.AsUInt32(), hashes.AsUInt32(), HighHalves).AsUInt64();
            var received = Avx2.Permute4x64(Avx.LoadVector256(buffers), Interleaved);
            packets = Avx2.UnpackLow(received, metadata);
            Unsafe.Add(ref packets, 1) = Avx2.UnpackHigh(received, metadata);
            top -= Width;
            Avx.Store(buffers, Avx2.Permute4x64(Avx.LoadVector256(top), Backwards));
            Avx.Store(descriptors, Avx2.And(Avx2.Permute4x64(Avx.LoadVector256(top), LastTwo), addressMask));
            Avx.Store(descriptors + 4, Avx2.And(Avx2.Permute4x64(Avx.LoadVector256(top), FirstTwo), addressMask));
            packets = ref Unsafe.Add(ref packets, 2);
            descriptors += 2 * Width;
            buffers += Width;
        }
        while (buffers <= last);
        _fresh.Top = top;
        nint taken = (nint)(buffers - start);
        _position = from + (ulong)taken;
        if (taken == batch.Length)
        {
            if (TailIsDue) MoveTail();
            return (int)taken;
        }
        // Up to the end of the ring or of the buffers at hand; or single packets that far.
        return taken == limit + Width ? Finish(batch, (int)taken) : (int)taken + base.Receive(batch[(int)taken..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Load(ulong* low, ulong* high) =>
        Avx2.InsertVector128(Sse2.LoadVector128(low).ToVector256Unsafe(), Sse2.LoadVector128(high), 1);
}
