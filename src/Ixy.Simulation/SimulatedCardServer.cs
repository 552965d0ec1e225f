using Ixy.Hosting;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Faults;
using Ixy.Simulation.Wires;
using Ixy.Vfio;
using Ixy.Vfio.VfioUser;

namespace Ixy.Simulation;

/// <summary>
/// A simulated card for clients of other processes; see <see cref="VfioUserServer"/>. The far end of the wire sends
/// only while a driver receives. Thread-safe.
/// </summary>
public sealed class SimulatedCardServer : VfioUserServer
{
    private readonly CardModel _card;
    private readonly IDisposable? _trace;

    private SimulatedCardServer(CardModel card, IDisposable? trace, MessageListener listener) : base(card, listener) =>
        (_card, _trace, card.Gate) = (card, trace, new SendingGate(card));

    /// <summary>
    /// The card's port has a link: it is set up, by a driver or, after each reset of an 82599, by what its EEPROM says,
    /// and the far end of the wire is there. So it tells nothing of whether there is a driver.
    /// </summary>
    public bool LinkIsUp => _card.LinkIsUp;

    internal CardModel Card => _card;

    /// <summary>
    /// Lets something go wrong with the card, now or at a time: as <c>fault=</c> in its specifier, but times count from
    /// this call (<see cref="SimulatedCards"/>). For any thread.
    /// </summary>
    /// <param name="faults">As in <c>transmit-hang@5ms</c>.</param>
    /// <exception cref="DeviceSpecifierException">It has another form, or names no fault of such a card.</exception>
    public void Inject(string faults) => Faults.Inject(faults);

    /// <summary>Lets something go wrong with the card. For any thread.</summary>
    /// <param name="fault">What.</param>
    /// <param name="after">How long from now on, by the card's clock.</param>
    /// <param name="duration">How long it lasts; null as it usually does (docs/faults.md).</param>
    /// <exception cref="ArgumentOutOfRangeException">A time is negative, or the duration 0.</exception>
    /// <exception cref="DeviceSpecifierException">Such a card has no such fault, or not for a time.</exception>
    public void Inject(CardFault fault, TimeSpan after = default, TimeSpan? duration = null) =>
        Faults.Inject(fault, after, duration);

    /// <summary>Throws where <see cref="Inject(string)"/> would, and injects nothing.</summary>
    /// <exception cref="DeviceSpecifierException">It has another form, or names no fault of such a card.</exception>
    public void CheckFaults(string faults) => Faults.Check(faults);

    /// <summary>The fault is over, or does not come. For any thread.</summary>
    public void Mend(CardFault fault) => Faults.End(fault);

    private FaultInjection Faults => new(_card, TurnScheduler.RealTime);

    /// <summary>What passed the wire of the card's port.</summary>
    public WireStatistics WireStatistics => _card.Wire.Statistics;

    /// <summary>What the card's port is plugged into. It belongs to the card.</summary>
    public Wire Wire => _card.Wire;

    /// <summary>Makes a card and listens for clients.</summary>
    /// <param name="specifier">Which card, as for <see cref="SimulatedCards"/>.</param>
    /// <param name="socketPath">Where the socket is made: a path of at most 107 bytes.</param>
    /// <exception cref="DeviceSpecifierException">The specifier or the path makes no sense.</exception>
    /// <exception cref="DeviceBusyException">Another process listens there.</exception>
    /// <exception cref="PciDeviceException">The socket cannot be made, or what the wire leads to cannot be
    /// had.</exception>
    public static SimulatedCardServer Open(string specifier, string socketPath)
    {
        ArgumentNullException.ThrowIfNull(specifier);
        ArgumentNullException.ThrowIfNull(socketPath);
        // Before the card: its trace may be the file of the one that is served there already.
        var listener = new MessageListener(socketPath);
        try
        {
            return SimulatedCards.Open(specifier, waitsToSend: true, World.RealTime, (card, trace) =>
            {
                // The driver is elsewhere, and so may be the card that it sends on through.
                card.Wire.LetFramesLeave();
                return new SimulatedCardServer(card, trace, listener);
            });
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
