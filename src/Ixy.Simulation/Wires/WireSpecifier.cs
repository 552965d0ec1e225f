using Ixy.Simulation.Cards;
using Ixy.Simulation.Specifiers;
using Ixy.Vfio;

namespace Ixy.Simulation.Wires;

/// <summary>The part of a specifier that says what a card's port is plugged into.</summary>
internal static class WireSpecifier
{
    private const string Wires = "generator, loopback, tap:NAME, pcap:IN[>OUT] or cable:NAME";

    /// <summary>Checks everything about the wire that can be checked without opening it.</summary>
    /// <param name="options">The card's options.</param>
    /// <param name="cardMac">Where a generator sends by default.</param>
    /// <param name="world">The wire's world.</param>
    /// <param name="own">The wire that the caller plugs in; null: the specifier says which.</param>
    internal static Func<Wire> Plan(SpecifierOptions options, MacAddress cardMac, World world, Wire? own)
    {
        string wire = options.Take("wire") ?? "";
        string kind = wire.Split(':')[0], target = wire[Math.Min(kind.Length + 1, wire.Length)..];
        Func<Wire> opener = kind switch
        {
            "" when wire.Length == 0 => () => own ?? new UnpluggedWire(),
            _ when own is not null => throw new DeviceSpecifierException(
                $"wire={wire}: the card is plugged into a wire that is given with it: expected no wire="),
            "generator" when wire == kind => Generator(options, cardMac, world),
            "loopback" when wire == kind => () => new LoopbackWire(),
            "tap" when target.Length > 0 && world.IsVirtual => throw new DeviceSpecifierException(
                $"wire={wire} leads to this machine, which runs in real time: expected a wire of the virtual world: "
                + "generator, loopback, pcap:IN[>OUT] or cable:NAME"),
            "tap" when target.Length > 0 => () => new TapWire(target),
            "pcap" when target.Length > 0 => Pcap(target, options, world),
            "cable" when target.Length > 0 => () => CableWire.PlugIn(world, target),
            _ => throw SpecifierOptions.Invalid("wire", wire, Wires),
        };
        options.RejectRest(wire.Length == 0 ? "a card without wire=" : $"a card with wire={kind}");
        return opener;
    }

    private static Func<Wire> Generator(SpecifierOptions options, MacAddress cardMac, World world)
    {
        var generator = new GeneratorOptions
        {
            Size = (int)options.TakeNumber(
                "size", NumberedFrame.Shortest, NumberedFrame.Longest, NumberedFrame.Shortest),
            Rate = options.TakeRate("rate", PacketRate.Max),
            Count = (ulong)options.TakeNumber("count", 0, long.MaxValue, long.MaxValue),
            Flows = options.TakePowerOfTwo("flows", NumberedFrame.MostFlows, 1),
            Destination = options.TakeMac("dst", cardMac),
        };
        return () => new GeneratorWire(generator, world);
    }

    private static Func<Wire> Pcap(string target, SpecifierOptions options, World world)
    {
        string[] files = target.Split('>');
        bool valid = files.Length == 1 || (files.Length == 2 && files[1].Length > 0);
        if (!valid) throw SpecifierOptions.Invalid("wire", "pcap:" + target, "pcap:IN, pcap:IN>OUT or pcap:>OUT");
        string? input = files[0].Length == 0 ? null : files[0], output = files.Length == 1 ? null : files[1];
        var rate = options.TakeRate("rate", PcapWire.DefaultRate);
        return () => new PcapWire(input, output, rate, world.Scheduler.Clock);
    }
}
