using System.Runtime.ExceptionServices;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Faults;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Recording;
using Ixy.Simulation.Specifiers;
using Ixy.Simulation.Virtio;
using Ixy.Simulation.Wires;
using Ixy.Vfio;

namespace Ixy.Simulation;

/// <summary>
/// Opens simulated cards by specifier: <c>sim:ixgbe[,key=value]…</c>, <c>sim:virtio[,key=value]…</c> or
/// <c>sim:virtio-legacy[,key=value]…</c>, options in any order.
/// </summary>
/// <remarks>
/// Of every card:
/// <list type="table">
/// <item><term>mac</term><description>Its MAC address, as in <c>02:00:5e:00:53:01</c>; by default one that no other
/// card of its world has, which is this process or a <see cref="VirtualWorld"/>.</description></item>
/// <item><term>behaviour</term><description><c>perverse</c>: what the datasheet or the specification leaves open is
/// chosen at random from <c>seed=N</c> (0 by default): when, in what batches and in what order the card does things
/// (docs/perverse.md). Without it, the usual choice.</description></item>
/// <item><term>fault</term><description>What goes wrong: <c>NAME[@WHEN][/DURATION]</c>, several joined by <c>+</c>, as
/// in <c>transmit-hang@5ms+link-flap@100rx/20ms</c>. WHEN is a time since the card was opened, or a number of frames
/// that it was sent (<c>rx</c>) or has sent (<c>tx</c>); without it, from the start (<see cref="CardFault"/>,
/// docs/faults.md).</description></item>
/// <item><term>trace</term><description>A file to which every register access is written, with
/// names.</description></item>
/// <item><term>wire</term><description>What its port is plugged into. Without it the port is empty, and the link stays
/// down.</description></item>
/// </list>
/// Of <c>sim:ixgbe</c>:
/// <list type="table">
/// <item><term>model</term><description><c>82599</c> (the default), <c>x540</c> or <c>x550</c>: the PCI device
/// id.</description></item>
/// <item><term>speed</term><description>The far end's maximum: <c>10G</c> (the default) or <c>1G</c>, with an X540 or
/// X550 also <c>100M</c>, with an X550 also <c>5G</c> and <c>2.5G</c>. Below 10 Gbit/s, frames take as long as they
/// would on such a line.</description></item>
/// <item><term>link-delay</term><description>From link set-up to link up, as in <c>20ms</c>, the
/// default.</description></item>
/// <item><term>quirks</term><description><c>silicon</c>: where real cards are believed to differ from the datasheet,
/// follow the cards (docs/silicon.md). Without it, follow the datasheet.</description></item>
/// </list>
/// Of <c>sim:virtio</c>, and unless noted also of <c>sim:virtio-legacy</c>, the interface of version 0.9.5:
/// <list type="table">
/// <item><term>packed</term><description><c>on</c>: packed rings are offered (not with the legacy interface). Default
/// <c>off</c>.</description></item>
/// <item><term>queues</term><description>Pairs of queues, 1 (the default) to 32.</description></item>
/// <item><term>queue-size</term><description>Descriptors of each queue: 256, or another power of two up to 32768; any
/// number with <c>packed=on</c>.</description></item>
/// <item><term>mtu</term><description>The MTU the card reports to its driver, 68 to 65535 bytes. By default it reports
/// none.</description></item>
/// <item><term>csum</term><description><c>on</c>, the default as in QEMU, offers to compute checksums of what is sent
/// and to confirm those of what is received (CSUM, GUEST_CSUM); <c>off</c> does not.</description></item>
/// <item><term>without</term><description>Features not to offer, as in <c>mrg_rxbuf+event_idx</c>: names as in the
/// specification, in lower case.</description></item>
/// </list>
/// Wires, and their own options:
/// <list type="table">
/// <item><term>generator</term><description>Sends numbered frames and checks those that arrive: <c>size=60</c> bytes
/// without FCS (to 15996), <c>rate=max</c> (or <c>5Mpps</c>, <c>10G</c>…), <c>count=</c> frames, <c>flows=1</c> (a
/// power of two to 256), <c>dst=</c> destination MAC address (the card's own).</description></item>
/// <item><term>loopback</term><description>What the card sends comes back.</description></item>
/// <item><term>tap:NAME</term><description>A TAP interface of this machine.</description></item>
/// <item><term>pcap:IN[>OUT]</term><description>Sends the frames of a capture, at <c>rate=1Mpps</c>, and writes those
/// that arrive to another (<c>pcap:>OUT</c>: only that). In a shell, <c>&gt;</c> must be quoted. File names cannot
/// contain a comma or <c>&gt;</c>.</description></item>
/// <item><term>cable:NAME</term><description>Connects the two cards of a world that name the same
/// cable.</description></item>
/// </list>
/// </remarks>
public static partial class SimulatedCards
{
    /// <summary>
    /// Records what happens to cards opened in real time from now on; null for no recorder. Cards of a
    /// <see cref="VirtualWorld"/> use the recorder of their world.
    /// </summary>
    public static Recorder? Recorder
    {
        get => World.RealTime.Recorder;
        set => World.RealTime.Recorder = value;
    }

    /// <summary>Opens a new simulated card.</summary>
    /// <param name="specifier">Which card, and options, as listed for this class.</param>
    /// <exception cref="DeviceSpecifierException">Something in it is unknown or impossible.</exception>
    /// <exception cref="PciDeviceException">What the wire leads to is not available.</exception>
    public static SimulatedPciDevice Open(string specifier) => Open(specifier, waitsToSend: false);

    /// <summary>The same; the far end can be made to wait with sending until <see cref="Wire.StartSending"/>.</summary>
    /// <param name="specifier">As above.</param>
    /// <param name="waitsToSend">It waits. Otherwise it sends as soon as there is a link, whether or not anyone
    /// listens.</param>
    public static SimulatedPciDevice Open(string specifier, bool waitsToSend) =>
        Open(specifier, waitsToSend, World.RealTime);

    /// <summary>The same in any world.</summary>
    internal static SimulatedPciDevice Open(string specifier, bool waitsToSend, World world, Wire? wire = null)
    {
        ArgumentNullException.ThrowIfNull(specifier);
        return Open(
            specifier, waitsToSend, world, (card, trace) => new SimulatedPciDevice(specifier, card, trace, world),
            wire);
    }

    /// <summary>The same, for another kind of host than this process's own drivers.</summary>
    /// <param name="specifier">As above.</param>
    /// <param name="waitsToSend">As above.</param>
    /// <param name="world">The card's world.</param>
    /// <param name="host">Takes the card and the output of its trace, and owns them from then on.</param>
    /// <param name="wire">What its port is plugged into; null: the specifier says.</param>
    /// <param name="isServed">The host is a server.</param>
    internal static T Open<T>(
        string specifier, bool waitsToSend, World world, Func<CardModel, IDisposable?, T> host, Wire? wire = null,
        bool isServed = false)
    {
        try
        {
            return OnThreadOfItsOwn(() => OpenCard(specifier, waitsToSend, world, host, wire, isServed));
        }
        catch (DeviceSpecifierException error)
        {
            throw new DeviceSpecifierException($"{specifier}: {error.Message}", error);
        }
    }

    // A thread allocates its new objects next to each other, apart from other threads'. So the card's objects, which
    // the device thread writes all the time, share no cache line with the driver's, which another core writes.
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

    private static T OpenCard<T>(
        string specifier, bool waitsToSend, World world, Func<CardModel, IDisposable?, T> host, Wire? wire,
        bool isServed)
    {
        string[] parts = specifier.Split(',');
        var options = new SpecifierOptions(parts.Skip(1));
        Func<SpecifierOptions, MacAddress, CardPlan> plan = parts[0] switch
        {
            Prefix + "ixgbe" => IxgbeSpecifier.Plan,
            Prefix + "virtio" => VirtioSpecifier.Plan,
            Prefix + "virtio-legacy" => VirtioSpecifier.PlanLegacy,
            string other => throw new DeviceSpecifierException(
                $"'{other}' is not a simulated card: expected sim:ixgbe, sim:virtio or sim:virtio-legacy"),
        };
        var mac = options.TakeMac("mac", world.NextMacAddress());
        if (!mac.IsUnicast) throw SpecifierOptions.Invalid("mac", $"{mac}", "the address of one card, not of a group");
        var card = plan(options, mac);
        var faults = FaultSpecifier.Take(options, parts[0][Prefix.Length..]);
        string? traceFile = options.Take("trace");
        var openWire = WireSpecifier.Plan(options, mac, world, wire);
        using var opened = new Opened();
        opened.Wire = openWire();
        if (world.Recorder?.AddCard(specifier, world.Scheduler) is { } recorder)
            opened.Wire = new RecordedWire(opened.Wire, recorder);
        if (waitsToSend) opened.Wire.StopSending();
        opened.Trace = traceFile is null ? null : new AccessTrace(traceFile, world.Scheduler);
        opened.Card = card(opened.Wire);
        opened.Card.IsServed = isServed;
        FaultSpecifier.RequireAll(faults, opened.Card);
        opened.Card.Recorder?.Watch(opened.Card);
        opened.Card.SetTime(world.Scheduler.Now);
        foreach (var fault in faults) opened.Card.Faults.Plan(fault);
        opened.Card.KeepsLineRate = world.IsVirtual;
        opened.Card.Trace = opened.Trace is null ? null : opened.Trace.Write;
        return opened.Release(host);
    }

    // What has been opened so far, to be closed again if a later step fails. Closing the card closes its wire.
    private sealed class Opened : IDisposable
    {
        internal Wire? Wire { get; set; }

        internal AccessTrace? Trace { get; set; }

        internal CardModel? Card { get; set; }

        internal T Release<T>(Func<CardModel, IDisposable?, T> host)
        {
            var hosted = host(Card!, Trace);
            (Wire, Trace, Card) = (null, null, null);
            return hosted;
        }

        public void Dispose()
        {
            if (Card is not null) Card.Dispose();
            else Wire?.Dispose();
            Trace?.Dispose();
        }
    }
}
