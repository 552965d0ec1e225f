using Ixy.Hosting;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Recording;
using Ixy.Simulation.Wires;
using Ixy.Vfio;

namespace Ixy.Simulation;

/// <summary>
/// A world of simulated cards with its own clock, which moves only when told to. Cards, wires and generators take their
/// turns on the thread that advances it, in an order that depends on a seed: so a run with the same seed is the same
/// run, frame by frame and register access by register access, on any machine, however busy.
/// </summary>
/// <remarks>
/// <para>
/// Time moves in <see cref="Advance"/> and <see cref="AdvanceUntil"/>, and wherever a driver waits for a card of the
/// world: in its set-up, for a link, for a packet, for an interrupt. Nothing else takes time; a loop that polls a queue
/// without one of these finds the same thing forever.
/// </para>
/// <para>
/// Cards have their turns every microsecond, so what they do at a certain time (a link that comes up, an interrupt that
/// was held back) they do in the first turn at or after that time. At 10 Gbit/s, where real time lets frames pass as
/// fast as the machine can move them, each frame takes as long as it would on such a line.
/// </para>
/// <para>
/// A world is for one thread at a time. Several in one process share nothing except the addresses of DMA memory, which
/// a trace of register accesses shows: they are the same in two processes that do the same.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// var world = new VirtualWorld(seed: 7);
/// using var device = world.Open("sim:ixgbe,wire=generator,rate=1Mpps");
/// device.WaitForLink(TimeSpan.FromSeconds(1));
/// world.Advance(TimeSpan.FromMilliseconds(1));    // a thousand packets
/// int received = device.Receive(batch);
/// </code>
/// </example>
public sealed class VirtualWorld
{
    private readonly VirtualScheduler _scheduler;
    private readonly Members _members;

    /// <summary>Creates an empty world.</summary>
    /// <param name="seed">Determines everything random: the order of turns, MAC addresses, ids of generators.</param>
    public VirtualWorld(ulong seed) : this(seed, recorder: null)
    {
    }

    /// <summary>The same, with a recorder of what happens to its cards.</summary>
    /// <param name="seed">As above.</param>
    /// <param name="recorder">The recorder; none if null.</param>
    public VirtualWorld(ulong seed, Recorder? recorder)
    {
        Seed = seed;
        _scheduler = new(seed);
        _members = new(_scheduler, seed) { Recorder = recorder };
    }

    /// <summary>The seed the world was created with.</summary>
    public ulong Seed { get; }

    /// <summary>
    /// The world's clock, for everything that takes a <see cref="TimeProvider"/>: its time stamps are in nanoseconds,
    /// its date starts in the year 2000, and its timers fire on the thread that advances the world.
    /// </summary>
    public TimeProvider Clock => _scheduler.Clock;

    /// <summary>Nanoseconds since the world was created.</summary>
    public long Nanoseconds => _scheduler.Elapsed;

    /// <summary>The same, in whole ticks of 100 ns.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(Nanoseconds / 100);

    /// <summary>Opens a new simulated card in the world, without a driver.</summary>
    /// <param name="specifier">As for <see cref="SimulatedCards"/>, but without wires that lead out of the world:
    /// <c>tap</c>.</param>
    /// <param name="waitsToSend">As for <see cref="SimulatedCards.Open(string, bool)"/>.</param>
    /// <exception cref="DeviceSpecifierException">Something in it is unknown or impossible.</exception>
    public SimulatedPciDevice OpenCard(string specifier, bool waitsToSend = false) =>
        SimulatedCards.Open(specifier, waitsToSend, _members);

    /// <summary>The same, plugged into the caller's own wire.</summary>
    /// <param name="specifier">As above, without <c>wire=</c>.</param>
    /// <param name="wire">Owned by the card from now on. Its times are the time stamps of <see cref="Clock"/>.</param>
    /// <exception cref="DeviceSpecifierException">
    /// Something in the specifier is unknown or not possible, or it names a wire too.
    /// </exception>
    public SimulatedPciDevice OpenCard(string specifier, Wire wire)
    {
        ArgumentNullException.ThrowIfNull(wire);
        return SimulatedCards.Open(specifier, waitsToSend: false, _members, wire);
    }

    /// <summary>Opens a new simulated card in the world, and starts its driver; the link may still be down.</summary>
    /// <param name="specifier">As for <see cref="OpenCard(string, bool)"/>.</param>
    /// <param name="options">As for <see cref="NetworkDevice.Open(string, NetworkDeviceOptions?)"/>.</param>
    /// <exception cref="DeviceSpecifierException">Something in the specifier is unknown or impossible.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public NetworkDevice Open(string specifier, NetworkDeviceOptions? options = null)
    {
        options ??= new();
        options.Validate();
        return NetworkDevice.Open(OpenCard(specifier), options);
    }

    /// <summary>Gives software its own turns, besides the caller's.</summary>
    /// <param name="turn">Called for each turn; the first is at the present time. It may not advance the world, or wait
    /// for it.</param>
    public VirtualActor AddActor(Func<ActorTurn> turn) => _scheduler.AddActor(turn);

    /// <summary>Advances by this time, including the turns at its end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    /// <exception cref="InvalidOperationException">
    /// The world is already being advanced, by another thread or from a turn.
    /// </exception>
    public void Advance(TimeSpan time) => AdvanceUntil(() => false, time);

    /// <summary>
    /// Advances until a condition is met. The condition is checked at the start, and after all turns at one time have
    /// been taken.
    /// </summary>
    /// <param name="condition">May use devices and queues, but not wait.</param>
    /// <param name="limit">The longest time to advance; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <returns>False if it is not met by then.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The limit is negative.</exception>
    /// <exception cref="InvalidOperationException">As for <see cref="Advance"/>.</exception>
    public bool AdvanceUntil(Func<bool> condition, TimeSpan limit) => _scheduler.AdvanceUntil(condition, limit);

    private sealed class Members(TurnScheduler scheduler, ulong seed) : World(scheduler)
    {
        // Separate from the order of turns, so that one more card does not change that order.
        private SeededOrder _identities = new(~seed);
        private ulong _cards;

        // Locally administered.
        internal override MacAddress NextMacAddress() =>
            new(0x02_82_00_00_00_00 | (seed & 0xFFFF) << 16 | ++_cards & 0xFFFF);

        internal override ushort DrawGeneratorId() => (ushort)_identities.Next();
    }
}
