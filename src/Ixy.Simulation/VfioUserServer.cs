using Ixy.Simulation.VfioUser;
using Ixy.Simulation.Wires;
using Ixy.Vfio;

namespace Ixy.Simulation;

/// <summary>
/// A simulated card on a Unix socket, for any client that speaks vfio-user: QEMU 10.1 and later, or another process with
/// this library. One client at a time; the next one waits. A client that goes, however it goes, leaves the card reset.
/// The far end of the wire sends only while a driver receives.
/// Thread-safe.
/// </summary>
public sealed class VfioUserServer : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CardModel _card;
    private readonly IDisposable? _trace;
    private readonly ListeningSocket _listener;
    private readonly Thread _thread;
    private readonly SendingGate _gate;
    private ClientSession? _session;
    private bool _started, _stops;

    private VfioUserServer(CardModel card, IDisposable? trace, ListeningSocket listener)
    {
        (_card, _trace, _listener, _gate) = (card, trace, listener, new SendingGate(card));
        _thread = new Thread(Serve) { IsBackground = true, Name = "vfio-user server" };
    }

    /// <summary>A client came or went: what happened, in a sentence. Called on the server's thread.</summary>
    public event Action<string>? Notice;

    /// <summary>A client has the card.</summary>
    public bool HasClient => Volatile.Read(ref _session) is not null;

    /// <summary>
    /// The card's port has a link: it is set up, by a driver or, after each reset of an 82599, by what its EEPROM says, and the
    /// far end of the wire is there. So it tells nothing of whether there is a driver.
    /// </summary>
    public bool LinkIsUp => _card.LinkIsUp;

    /// <summary>Rules of the datasheet that drivers broke so far.</summary>
    public RuleViolations Violations => _card.Violations;

    /// <summary>What drivers did that breaks no rule, but is worth knowing: accesses to registers that do not exist.</summary>
    public CardNotes Notes => _card.Notes;

    /// <summary>What passed the wire of the card's port.</summary>
    public WireStatistics WireStatistics => _card.Wire.Statistics;

    /// <summary>What the card's port is plugged into. It belongs to the card.</summary>
    public Wire Wire => _card.Wire;

    /// <summary>Makes a card and listens for clients.</summary>
    /// <param name="specifier">Which card, as for <see cref="SimulatedCards"/>.</param>
    /// <param name="socketPath">Where the socket is made: a path of at most 107 bytes.</param>
    /// <exception cref="DeviceSpecifierException">The specifier or the path makes no sense.</exception>
    /// <exception cref="DeviceBusyException">Another process listens there.</exception>
    /// <exception cref="PciDeviceException">The socket cannot be made, or what the wire leads to cannot be had.</exception>
    public static VfioUserServer Open(string specifier, string socketPath)
    {
        ArgumentNullException.ThrowIfNull(specifier);
        ArgumentNullException.ThrowIfNull(socketPath);
        var listener = new ListeningSocket(socketPath);
        try
        {
            return SimulatedCards.Open(specifier, waitsToSend: true, (card, trace) =>
            {
                // The driver is elsewhere, and so may be the card that it sends on through.
                card.Wire.LetFramesLeave();
                return new VfioUserServer(card, trace, listener);
            });
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Lets clients in. To be called once, after <see cref="Notice"/> has its listeners.</summary>
    public void Start()
    {
        _started = true;
        DeviceThread.ChangeServers(+1);
        DeviceThread.Add(_card);
        _thread.Start();
    }

    /// <summary>Ends the client's connection, removes the socket and the card. Does nothing the second time.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_stops) return;
            _stops = true;
            _session?.ShutDown();
        }
        _listener.ShutDown();
        if (_started) DeviceThread.ChangeServers(-1);
        if (_thread.IsAlive) _thread.Join();
        _listener.Dispose();
        _gate.Dispose();
        DeviceThread.Remove(_card);
        _card.Dispose();
        _trace?.Dispose();
    }

    private void Serve()
    {
        while (true)
        {
            int client = _listener.Accept();
            if (client < 0) return;
            using var session = new ClientSession(_card, client);
            if (!TryBegin(session)) return;
            Notice?.Invoke("a client has connected");
            string end = session.Run();
            lock (_lock) _session = null;
            session.Dispose();
            if (!_stops) Notice?.Invoke($"{end}: the card is reset, and waits for the next client");
        }
    }

    private bool TryBegin(ClientSession session)
    {
        lock (_lock)
        {
            if (!_stops) _session = session;
            return !_stops;
        }
    }
}
