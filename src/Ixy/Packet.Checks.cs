using System.Runtime.CompilerServices;

namespace Ixy;

// Checks before a packet is used or changed; and calls that take a copy of the handle: one whose address is passed on
// lives in memory, not in CPU registers.
public unsafe partial struct Packet
{
    internal const int LoanShift = 24;

    internal readonly uint Loan => (byte)(Metadata >> LoanShift);

    private readonly uint CheckedLength(int value) => (uint)value <= (uint)Pool.BufferSize ? (uint)value
        : throw new ArgumentOutOfRangeException(
            nameof(value), $"{value} bytes: a buffer of this pool holds 0 to {Pool.BufferSize}");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Span<byte> VerifiedFrame(Packet packet)
    {
        packet.Pool.Checks!.VerifyHeld(packet, "read or written");
        return packet.Frame;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Free(Packet packet) => PacketPool.Free(new ReadOnlySpan<Packet>(in packet));
}
