using System.Runtime.CompilerServices;

namespace Ixy;

// What a packet of a checked pool is asked first.
public unsafe partial struct Packet
{
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
