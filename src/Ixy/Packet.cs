using System.Runtime.InteropServices;

namespace Ixy;

/// <summary>
/// A handle to one frame in DMA memory: 16 bytes, passed by value. It carries all metadata itself, so that nothing is
/// read or written in front of the frame. Whoever holds a packet owns its buffer until it is transmitted or freed;
/// copies of the handle do not share ownership (a checked pool detects misuse, see
/// <see cref="PacketPoolOptions.Checked"/>). Frames are without the 4-byte FCS. Not thread-safe.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe partial struct Packet
{
    // Of Buffer, and of Metadata. Requests are the flags that need work by the device: a transmit queue has to look
    // more closely.
    internal const int PoolShift = 48;
    internal const ulong AddressMask = (1UL << PoolShift) - 1, RequestsMask = 0x00E0_0000, LoanMask = 0xFF00_0000;

    /// <summary>Address of the buffer in the low 48 bits, number of its pool in the high 16.</summary>
    internal ulong Buffer;

    /// <summary>
    /// Length in bits 0 to 15; <see cref="PacketFlags"/> in bits 16 to 23; in a checked pool, which loan of the buffer
    /// this handle belongs to in bits 24 to 31 (0 in an unchecked one); RSS hash in bits 32 to 63. One word, so that a
    /// queue creates a packet with two stores.
    /// </summary>
    internal ulong Metadata;

    /// <summary>The frame, from the destination address on. Valid until the packet is transmitted or freed.</summary>
    /// <exception cref="PacketMisuseException">The pool is checked, and the packet was transmitted or
    /// freed.</exception>
    public readonly Span<byte> Data => (Metadata & LoanMask) != 0 ? VerifiedFrame(this) : Frame;

    /// <summary>The same for the driver, which may access packets that already belong to the card.</summary>
    internal readonly Span<byte> Frame =>
        MemoryMarshal.CreateSpan(ref *(byte*)(Buffer & AddressMask), (ushort)Metadata);

    /// <summary>
    /// Length of the frame in bytes, without FCS: 0 to the pool's <see cref="PacketPool.BufferSize"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Set to more than the buffer holds.</exception>
    public int Length
    {
        readonly get => (ushort)Metadata;
        set => Metadata = (Metadata & ~(ulong)ushort.MaxValue) | CheckedLength(value);
    }

    /// <summary>The pool the buffer goes back to.</summary>
    /// <exception cref="PacketMisuseException">This is <c>default(Packet)</c>, or its pool is gone.</exception>
    public readonly PacketPool Pool => PacketPool.Find(Buffer);

    /// <summary>Gives the buffer back to its pool.</summary>
    /// <exception cref="PacketMisuseException">
    /// The pool is checked, and the packet was already transmitted or freed.
    /// </exception>
    public readonly void Free() => Free(this);
}
