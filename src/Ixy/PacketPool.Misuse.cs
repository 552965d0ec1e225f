using Ixy.Vfio;

namespace Ixy;

// Checks for mistakes by the caller.
public sealed unsafe partial class PacketPool
{
    // Packets of checked pools, one by one: if one was already freed, those before it are freed first.
    private static void FreeLent(ReadOnlySpan<Packet> packets)
    {
        foreach (ref readonly var packet in packets)
        {
            if (packet.Loan != 0) packet.Pool.Checks?.Return(packet);
            Free(new ReadOnlySpan<ulong>(in packet.Buffer));
        }
    }

    private PacketMisuseException GivenBackTwice() =>
        new($"a packet of {Options.Name} was given back twice: all {Capacity} are there already");

    private static DmaMemoryException TooMany() => new("65,535 packet pools are in use: dispose some");

    private static PacketMisuseException NoPool() =>
        new("this packet belongs to no pool: it is default(Packet), or its pool was disposed after all its packets "
            + "came back");
}
