using System.Runtime.ExceptionServices;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Wires;
using Ixy.Vfio;

namespace Ixy.Simulation;

/// <summary>
/// Opens simulated cards by specifier: <c>sim:ixgbe[,key=value]…</c>, in any order.
/// </summary>
/// <remarks>
/// Of the card:
/// <list type="table">
/// <item><term>model</term><description><c>82599</c> (the default), <c>x540</c> or <c>x550</c>: the PCI device id.</description></item>
/// <item><term>mac</term><description>Its MAC address, as in <c>02:00:5e:00:53:01</c>; by default one that no other card of
/// this process has.</description></item>
/// <item><term>link-delay</term><description>From link set-up to link up, as in <c>20ms</c>, the default.</description></item>
/// <item><term>trace</term><description>A file to which every register access is written, with names.</description></item>
/// <item><term>wire</term><description>What its port is plugged into. Without it the port is empty, and the link stays
/// down.</description></item>
/// </list>
/// Wires, and their own options:
/// <list type="table">
/// <item><term>generator</term><description>Sends numbered frames and checks what comes: <c>size=60</c> bytes without FCS
/// (to 15996), <c>rate=max</c> (or <c>5Mpps</c>, <c>10G</c>…), <c>count=</c> frames, <c>flows=1</c> (a power of two to 256),
/// <c>dst=</c> destination MAC address (the card's own).</description></item>
/// <item><term>loopback</term><description>What the card sends comes back.</description></item>
/// <item><term>tap:NAME</term><description>A TAP interface of this machine.</description></item>
/// <item><term>pcap:IN[>OUT]</term><description>Sends the frames of a capture, at <c>rate=1Mpps</c>, and writes what comes
/// to another (<c>pcap:>OUT</c>: only that). In a shell, <c>&gt;</c> wants quotes. File names hold neither comma nor
/// <c>&gt;</c>.</description></item>
/// <item><term>cable:NAME</term><description>Connects the two cards of this process that name the same cable.</description></item>
/// </list>
/// </remarks>
public static class SimulatedCards
{
    /// <summary>How specifiers of simulated cards start.</summary>
    public const string Prefix = "sim:";

    private const string Wires = "generator, loopback, tap:NAME, pcap:IN[>OUT] or cable:NAME";
    private static int s_cards;

    /// <summary>Makes <see cref="NetworkDevice.Open(string, NetworkDeviceOptions?)"/> understand <c>sim:</c>. May be called again.</summary>
    public static void Register() => NetworkDevice.RegisterTransport(Prefix.TrimEnd(':'), Open);

    /// <summary>Opens a new simulated card.</summary>
    /// <param name="specifier"><c>sim:ixgbe</c> and options, as listed for this class.</param>
    /// <exception cref="DeviceSpecifierException">Something in it is unknown or not possible.</exception>
    /// <exception cref="PciDeviceException">What the wire leads to cannot be had.</exception>
    public static SimulatedPciDevice Open(string specifier) => Open(specifier, waitsToSend: false);

    /// <summary>The same; the far end may wait with all it would send until <see cref="Wire.StartSending"/>.</summary>
    /// <param name="specifier">As above.</param>
    /// <param name="waitsToSend">It waits. Otherwise it sends as soon as there is a link, whether or not somebody listens.</param>
    public static SimulatedPciDevice Open(string specifier, bool waitsToSend)
    {
        ArgumentNullException.ThrowIfNull(specifier);
        try
        {
            return OnThreadOfItsOwn(() => OpenCard(specifier, waitsToSend));
        }
        catch (DeviceSpecifierException error)
        {
            throw new DeviceSpecifierException($"{specifier}: {error.Message}", error);
        }
    }

    // A thread puts its new objects side by side, apart from other threads'. So the card's objects, which the device
    // thread writes all the time, share no cache line with the driver's, which another core does.
    private static T OnThreadOfItsOwn<T>(Func<T> create)
    {
        T result = default!;
        ExceptionDispatchInfo? error = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = create();
            }
            catch (Exception thrown)
            {
                error = ExceptionDispatchInfo.Capture(thrown);
            }
        });
        thread.Start();
        thread.Join();
        error?.Throw();
        return result;
    }

    private static SimulatedPciDevice OpenCard(string specifier, bool waitsToSend)
    {
        string[] parts = specifier.Split(',');
        if (parts[0] != Prefix + "ixgbe")
            throw new DeviceSpecifierException($"'{parts[0]}' is no simulated card: expected sim:ixgbe");
        var options = new SpecifierOptions(parts.Skip(1));
        var card = CardOptions(options);
        string? traceFile = options.Take("trace");
        var openWire = WireOpener(options, new(card.MacAddress));
        using var opened = new Opened();
        opened.Wire = openWire();
        if (waitsToSend) opened.Wire.StopSending();
        opened.Trace = traceFile is null ? null : new AccessTrace(traceFile);
        opened.Card = new IxgbeCard(card, opened.Wire) { Trace = opened.Trace is null ? null : opened.Trace.Write };
        return opened.Release(specifier);
    }

    private static IxgbeCardOptions CardOptions(SpecifierOptions options)
    {
        var defaults = new IxgbeCardOptions();
        var mac = options.TakeMac("mac", NextMacAddress());
        if (!mac.IsUnicast) throw SpecifierOptions.Invalid("mac", $"{mac}", "the address of one card, not of a group");
        return new()
        {
            DeviceId = options.Take("model") switch
            {
                null or "82599" => 0x10FB,
                "x540" => 0x1528,
                "x550" => 0x1563,
                string other => throw SpecifierOptions.Invalid("model", other, "82599, x540 or x550"),
            },
            MacAddress = mac.Value,
            LinkUpDelay = options.TakeTime("link-delay", defaults.LinkUpDelay),
        };
    }

    // Locally administered; the process id keeps the cards of two processes on one network apart, most of the time.
    private static MacAddress NextMacAddress() =>
        new(0x02_82_00_00_00_00 | (ulong)(ushort)Environment.ProcessId << 16 | (ushort)Interlocked.Increment(ref s_cards));

    /// <summary>Checks everything about the wire that can be checked without opening it.</summary>
    private static Func<Wire> WireOpener(SpecifierOptions options, MacAddress cardMac)
    {
        string wire = options.Take("wire") ?? "";
        string kind = wire.Split(':')[0], target = wire[Math.Min(kind.Length + 1, wire.Length)..];
        Func<Wire> opener = kind switch
        {
            "" when wire.Length == 0 => () => new UnpluggedWire(),
            "generator" when wire == kind => Generator(options, cardMac),
            "loopback" when wire == kind => () => new LoopbackWire(),
            "tap" when target.Length > 0 => () => new TapWire(target),
            "pcap" when target.Length > 0 => Pcap(target, options),
            "cable" when target.Length > 0 => () => CableWire.PlugIn(target),
            _ => throw SpecifierOptions.Invalid("wire", wire, Wires),
        };
        options.RejectRest(wire.Length == 0 ? "a card without wire=" : $"a card with wire={kind}");
        return opener;
    }

    private static Func<Wire> Generator(SpecifierOptions options, MacAddress cardMac)
    {
        var generator = new GeneratorOptions
        {
            Size = (int)options.TakeNumber("size", NumberedFrame.Shortest, NumberedFrame.Longest, NumberedFrame.Shortest),
            Rate = options.TakeRate("rate", PacketRate.Max),
            Count = (ulong)options.TakeNumber("count", 0, long.MaxValue, long.MaxValue),
            Flows = options.TakePowerOfTwo("flows", NumberedFrame.MostFlows, 1),
            Destination = options.TakeMac("dst", cardMac),
        };
        return () => new GeneratorWire(generator);
    }

    private static Func<Wire> Pcap(string target, SpecifierOptions options)
    {
        string[] files = target.Split('>');
        bool valid = files.Length == 1 || (files.Length == 2 && files[1].Length > 0);
        if (!valid) throw SpecifierOptions.Invalid("wire", "pcap:" + target, "pcap:IN, pcap:IN>OUT or pcap:>OUT");
        string? input = files[0].Length == 0 ? null : files[0], output = files.Length == 1 ? null : files[1];
        var rate = options.TakeRate("rate", PcapWire.DefaultRate);
        return () => new PcapWire(input, output, rate);
    }

    // What has been opened so far, and is closed again if a later step fails. Closing the card closes its wire.
    private sealed class Opened : IDisposable
    {
        internal Wire? Wire { get; set; }

        internal AccessTrace? Trace { get; set; }

        internal IxgbeCard? Card { get; set; }

        internal SimulatedPciDevice Release(string name)
        {
            var device = new SimulatedPciDevice(name, Card!, Trace);
            (Wire, Trace, Card) = (null, null, null);
            return device;
        }

        public void Dispose()
        {
            if (Card is not null) Card.Dispose();
            else Wire?.Dispose();
            Trace?.Dispose();
        }
    }
}
