using Ixy.Hosting;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Faults;
using Ixy.Simulation.Wires;
using Ixy.Vfio;
using Ixy.Vfio.VfioUser;

namespace Ixy.Simulation;

/// <summary>
/// A simulated card for clients in other processes; see <see cref="VfioUserServer"/>. The far end of the wire sends
/// only while a driver receives. Thread-safe.
/// </summary>
public sealed class SimulatedCardServer : VfioUserServer
{
    private readonly CardModel _card;
    private readonly IDisposable? _trace;

    private SimulatedCardServer(CardModel card, IDisposable? trace, MessageListener listener) : base(card, listener)
    {
        (_card, _trace, card.Gate, card.Server) = (card, trace, new SendingGate(card), this);
        // From the start.
        IsStalled = card.Faults.Has(CardFault.ServerStalls);
    }

    /// <summary>
    /// The card's port has a link: it is set up, by a driver or (after each reset of an 82599) by its EEPROM, and the
    /// far end of the wire is there. So it does not say whether there is a driver.
    /// </summary>
    public bool LinkIsUp => _card.LinkIsUp;

    internal CardModel Card => _card;

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

    /// <summary>Throws if <see cref="Inject(string)"/> would, but injects nothing.</summary>
    /// <exception cref="DeviceSpecifierException">
    /// It is malformed, or names no fault that this card can have.
    /// </exception>
    public void CheckFaults(string faults) => Faults.Check(faults);

    /// <summary>Ends a fault, or cancels it. For any thread.</summary>
    public void Mend(CardFault fault) => Faults.End(fault);

    private FaultInjection Faults => new(_card, TurnScheduler.RealTime);

    /// <summary>What passed through the wire of the card's port.</summary>
    public WireStatistics WireStatistics => _card.Wire.Statistics;

    /// <summary>What the card's port is plugged into. Owned by the card.</summary>
    public Wire Wire => _card.Wire;

    /// <summary>Creates a card and listens for clients.</summary>
    /// <param name="specifier">The card, as for <see cref="SimulatedCards"/>.</param>
    /// <param name="socketPath">Where to create the socket: a path of at most 107 bytes.</param>
    /// <exception cref="DeviceSpecifierException">The specifier or the path is invalid.</exception>
    /// <exception cref="DeviceBusyException">Another process listens there.</exception>
    /// <exception cref="PciDeviceException">
    /// The socket cannot be created, or what the wire leads to is not available.
    /// </exception>
    public static SimulatedCardServer Open(string specifier, string socketPath)
    {
        ArgumentNullException.ThrowIfNull(specifier);
        ArgumentNullException.ThrowIfNull(socketPath);
        // Before the card: its trace may be the same file as that of a card already served there.
        var listener = new MessageListener(socketPath);
        try
        {
            return SimulatedCards.Open(specifier, waitsToSend: true, World.RealTime, (card, trace) =>
            {
                // The driver is elsewhere, and so may be the card through which it forwards.
                card.Wire.LetFramesLeave();
                return new SimulatedCardServer(card, trace, listener);
            }, isServed: true);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _trace?.Dispose();
    }
}
