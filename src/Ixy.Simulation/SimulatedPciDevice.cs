using Ixy.Hosting;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Faults;
using Ixy.Simulation.Wires;
using Ixy.Vfio;

namespace Ixy.Simulation;

/// <summary>A simulated card for a driver in this process; see <see cref="SimulatedCards"/>.</summary>
public sealed class SimulatedPciDevice : InProcessPciDevice
{
    private readonly IDisposable? _trace;
    private readonly World _world;

    /// <param name="specifier">The specifier it was opened with. If another open card has that name, this one is called
    /// <c>…#2</c>, and so on.</param>
    /// <param name="card">The card; owned from now on.</param>
    /// <param name="trace">Where the card's register accesses are written: closed after the card.</param>
    /// <param name="world">The card's world; real time if null.</param>
    internal SimulatedPciDevice(string specifier, CardModel card, IDisposable? trace = null, World? world = null)
        : this(specifier, card, world ?? World.RealTime) => _trace = trace;

    private SimulatedPciDevice(string specifier, CardModel card, World world)
        : base(world.Names.Take(specifier), card, world.Scheduler) => (Card, _world) = (card, world);

    /// <summary>What passed through the wire of the card's port.</summary>
    public WireStatistics WireStatistics => Wire.Statistics;

    /// <summary>What the card's port is plugged into. Owned by the card.</summary>
    public Wire Wire => Card.Wire;

    /// <summary>
    /// Frames have arrived that are not in the driver's memory yet: they wait for descriptors, or for the card's next
    /// turn, which may take long on a busy machine. For any thread.
    /// </summary>
    public bool HoldsFrames => Card.HoldsFrames;

    internal CardModel Card { get; }

    /// <summary>
    /// Injects faults, now or at a time: like <c>fault=</c> in the card's specifier, but times count from this call
    /// (<see cref="SimulatedCards"/>). For any thread.
    /// </summary>
    /// <param name="faults">As in <c>transmit-hang@5ms</c>.</param>
    /// <exception cref="DeviceSpecifierException">
    /// It is malformed, or names no fault that this card can have.
    /// </exception>
    public void Inject(string faults) => Faults.Inject(faults);

    /// <summary>Injects a fault. For any thread.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="after">The delay from now, by the card's clock.</param>
    /// <param name="duration">How long it lasts; null for the fault's usual duration (docs/faults.md).</param>
    /// <exception cref="ArgumentOutOfRangeException">A time is negative, or the duration 0.</exception>
    /// <exception cref="DeviceSpecifierException">
    /// This card cannot have this fault, or not for a time.
    /// </exception>
    public void Inject(CardFault fault, TimeSpan after = default, TimeSpan? duration = null) =>
        Faults.Inject(fault, after, duration);

    /// <summary>Ends a fault, or cancels it. For any thread.</summary>
    public void Mend(CardFault fault) => Faults.End(fault);

    private FaultInjection Faults => new(Card, _world.Scheduler);

    /// <inheritdoc/>
    protected override void Close()
    {
        base.Close();
        _trace?.Dispose();
        _world.Names.Release(Name);
    }
}
