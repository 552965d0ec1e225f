namespace Ixy;

// What callers do wrong that an unchecked pool notices, too.
public sealed unsafe partial class PacketPool
{
    private PacketMisuseException GivenBackTwice() =>
        new($"a packet of {Options.Name} was given back twice: all {Capacity} are there already");

    private static PacketMisuseException NoPool() =>
        new("this packet belongs to no pool: it is default(Packet), or its pool was disposed after all its packets "
            + "came back");
}
