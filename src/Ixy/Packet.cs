using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ixy;

/// <summary>
/// A handle on one frame in DMA memory: 16 bytes, passed by value. It carries all metadata itself, so that nothing is
/// read or written in front of the frame. Who holds a packet owns its buffer until it is transmitted or freed;
/// copies of the handle are not further owners (a checked pool finds out, see <see cref="PacketPoolOptions.Checked"/>).
/// Frames are without the 4-byte FCS. Not thread-safe.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Packet
{
    internal const int PoolShift = 48;
    internal const ulong AddressMask = (1UL << PoolShift) - 1;

    /// <summary>Address of the buffer in the low 48 bits, number of its pool in the high 16.</summary>
    internal ulong Buffer;

    /// <summary>
    /// Length in bits 0 to 15; <see cref="PacketFlags"/> in bits 16 to 23; in a checked pool, which loan of the buffer this
    /// handle belongs to in bits 24 to 31 (0 in an unchecked one); RSS hash in bits 32 to 63. One word, so that a queue makes
    /// a packet with two stores.
    /// </summary>
    internal ulong Metadata;

    internal const int FlagsShift = 16, LoanShift = 24, HashShift = 32;
    internal const ulong FlagsMask = 0x00FF_0000, LoanMask = 0xFF00_0000;

    /// <summary>What a transmit queue has to look at more closely: loans, and all that is asked of the device.</summary>
    internal const ulong UnusualMask = LoanMask | (ulong)PacketFlags.Requests << FlagsShift;

    internal readonly uint Loan => (byte)(Metadata >> LoanShift);

    /// <summary>The frame, from the destination address on. Valid until the packet is transmitted or freed.</summary>
    /// <exception cref="PacketMisuseException">The pool is checked, and the packet was transmitted or freed.</exception>
    public readonly Span<byte> Data
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((Metadata & LoanMask) != 0) VerifyHeld();
            return MemoryMarshal.CreateSpan(ref *(byte*)(Buffer & AddressMask), (ushort)Metadata);
        }
    }

    /// <summary>Length of the frame in bytes, without FCS: 0 to the pool's <see cref="PacketPool.BufferSize"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Set to more than the buffer holds.</exception>
    public int Length
    {
        readonly get => (ushort)Metadata;
        set
        {
            if ((uint)value > (uint)Pool.BufferSize)
                throw new ArgumentOutOfRangeException(nameof(value), $"{value} bytes: a buffer of this pool holds 0 to {Pool.BufferSize}");
            Metadata = (Metadata & ~(ulong)ushort.MaxValue) | (uint)value;
        }
    }

    /// <summary>
    /// What the device found out about a received frame, and what it shall do to one that is transmitted. None of it unless
    /// <see cref="NetworkDeviceOptions.Offloads"/> asked for it when the device was opened.
    /// </summary>
    public PacketFlags Flags
    {
        readonly get => (PacketFlags)(byte)(Metadata >> FlagsShift);
        set => Metadata = (Metadata & ~FlagsMask) | (ulong)(byte)value << FlagsShift;
    }

    /// <summary>
    /// The VLAN tag that was stripped (<see cref="PacketFlags.VlanStripped"/>) or is to be inserted
    /// (<see cref="PacketFlags.InsertVlan"/>); without these flags it means nothing. It is the tag control information of IEEE
    /// 802.1Q: VLAN id in bits 0 to 11, drop eligible in bit 12, priority in bits 13 to 15. It lies in front of the frame, in the
    /// buffer's headroom, so a tag that was stripped need not be set again to be inserted.
    /// </summary>
    /// <exception cref="PacketMisuseException">The packet belongs to no pool; or the pool is checked, and the packet was transmitted or freed.</exception>
    public readonly ushort VlanTag
    {
        get
        {
            Pool.Checks?.VerifyHeld(this, "read or written");
            return VlanTagOf(Buffer);
        }
        set
        {
            Pool.Checks?.VerifyHeld(this, "read or written");
            VlanTagOf(Buffer) = value;
        }
    }

    /// <summary>The hash the card computed to choose a queue (RSS), 0 if it computed none.</summary>
    public readonly uint RssHash => (uint)(Metadata >> HashShift);

    /// <summary>The pool that the buffer goes back to.</summary>
    /// <exception cref="PacketMisuseException">This is <c>default(Packet)</c>, or its pool is gone.</exception>
    public readonly PacketPool Pool => PacketPool.Find(Buffer);

    /// <summary>Gives the buffer back to its pool.</summary>
    /// <exception cref="PacketMisuseException">The pool is checked, and the packet was transmitted or freed before.</exception>
    public readonly void Free() => PacketPool.Free(new ReadOnlySpan<Packet>(in this));

    /// <summary>Where the tag lies: at the far end of the headroom, as the near end is virtio's header's.</summary>
    internal static ref ushort VlanTagOf(ulong buffer) => ref *(ushort*)((buffer & AddressMask) - PacketPool.Headroom);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private readonly void VerifyHeld() => Pool.Checks!.VerifyHeld(this, "read or written");
}
