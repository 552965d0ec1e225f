using System.Runtime.CompilerServices;

namespace Ixy;

// Checks before a packet is used or changed.
public unsafe partial struct Packet
{
    internal const int LoanShift = 24;

    internal readonly uint Loan => (byte)(Metadata >> LoanShift);

    private readonly uint CheckedLength(int value) => (uint)value <= (uint)Pool.BufferSize ? (uint)value
        : throw new ArgumentOutOfRangeException(
            nameof(value), $"{value} bytes: a buffer of this pool holds 0 to {Pool.BufferSize}");

    private readonly Span<byte> VerifiedFrame
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        get
        {
            Pool.Checks!.VerifyHeld(this, "read or written");
            return Frame;
        }
    }
}
