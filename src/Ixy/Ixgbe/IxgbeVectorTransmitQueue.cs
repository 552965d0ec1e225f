using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Ixy.Addresses;
using Ixy.Vfio;

namespace Ixy.Ixgbe;

/// <summary>
/// Transmits four packets at a time with AVX2, and single ones without a loop. Gives exactly the same results as the
/// loop of <see cref="IxgbeTransmitQueue{TAddresses}"/>, to which it leaves every unusual case.
/// </summary>
internal sealed unsafe partial class IxgbeVectorTransmitQueue : IxgbeTransmitQueue<VirtualAddresses>
{
    private const int Width = 4;
    // Unpacking the pairs (0, 1) and (2, 3) gives the order 0, 2, 1, 3, and back.
    private const byte Interleaved = 0b11_01_10_00;
    // Of the metadata: a packet with nothing but a length in these bits requests no offload and is in no checked pool.
    private const ulong LengthMask = 0xFFFF, PlainMask = LengthMask | Packet.RequestsMask | Packet.LoanMask;

    internal IxgbeVectorTransmitQueue(PciDevice device, PciBar bar, int index, NetworkDeviceOptions options)
        : base(device, bar, index, options)
    {
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override int Transmit(ReadOnlySpan<Packet> batch) => batch.Length != 1 ? TransmitVectors(batch)
        : TryTransmit(MemoryMarshal.GetReference(batch)) ? 1 : 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int TransmitVectors(ReadOnlySpan<Packet> batch)
    {
        if (HasReport) return ReclaimAndTransmit(batch);
        ulong next = _next, index = next & _ring.Mask;
        // One descriptor stays unused, so that full and empty differ.
        ulong room = Math.Min(_ring.Mask - (next - _clean), _ring.Mask + 1 - index);
        ulong end = next + (Math.Min((uint)batch.Length, room) & ~(Width - 1ul));
        if (next == end) return base.Transmit(batch);
        // Two packets at a time. Through a reference: if the batch is an array, the GC may move it.
        ref var packets = ref Unsafe.As<Packet, Vector256<ulong>>(ref MemoryMarshal.GetReference(batch));
        var descriptors = (ulong*)(_ring.Descriptors + index);
        ulong* buffers = _ring.Buffers + index, last = buffers + (end - next);
        var mask = Vector256.Create(PlainMask);
        // Word by word: all but the length must be 0.
        var least = Vector256.Create((ulong)ShortestToSend).AsUInt16();
        var most = Vector256.Create(_plainLengths - 1).AsUInt16();
        var addressMask = Vector256.Create(Packet.AddressMask);
        var wholeFrame = Vector256.Create(IxgbeTransmitDescriptor.Whole);
        do
        {
            var first = packets;
            var second = Unsafe.Add(ref packets, 1);
            var lengths = Avx2.And(Avx2.UnpackHigh(first, second), mask);
            var excess = Avx2.SubtractSaturate(Avx2.Subtract(lengths.AsUInt16(), least), most);
            // Nothing is committed yet.
            if (!Avx.TestZ(excess, excess)) return base.Transmit(batch);
            var references = Avx2.UnpackLow(first, second);
            Avx.Store(buffers, Avx2.Permute4x64(references, Interleaved));
            var addresses = Avx2.And(references, addressMask);
            var payloads = Avx2.ShiftLeftLogical(lengths, IxgbeTransmitDescriptor.PayloadLengthShift);
            var commands = Avx2.Or(Avx2.Or(lengths, payloads), wholeFrame);
            Avx.Store(descriptors, Avx2.UnpackLow(addresses, commands));
            Avx.Store(descriptors + 4, Avx2.UnpackHigh(addresses, commands));
            packets = ref Unsafe.Add(ref packets, 2);
            descriptors += 2 * Width;
            buffers += Width;
        }
        while (buffers != last);
        for (ulong report = next | _group; report < end; report += _group + 1)
            _ring.Descriptors[report & _ring.Mask].Command |= IxgbeTransmitDescriptor.ReportStatus;
        int count = (int)(end - next);
        if (count == batch.Length) return Commit(end);
        // The last few, or those beyond the end of the ring. If one of them is unusual, nothing may be committed yet.
        var rest = batch[count..];
        foreach (ref readonly var packet in rest)
        {
            if (!IsPlain(packet)) return base.Transmit(batch);
        }
        _next = end;
        // One doorbell for all of them, unless the ring has no room for more.
        int more = base.Transmit(rest);
        if (more == 0) Commit(end);
        return count + more;
    }

    private protected override void Release(ReadOnlySpan<ulong> sent) => PacketPool.FreeTogether(sent);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsPlain(in Packet packet) => (packet.Metadata & PlainMask) - ShortestToSend < _plainLengths;
}
