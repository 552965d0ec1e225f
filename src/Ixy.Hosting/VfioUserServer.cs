using Ixy.Hosting.Interrupts;
using Ixy.Hosting.Turns;
using Ixy.Hosting.VfioUser;
using Ixy.Vfio;
using Ixy.Vfio.VfioUser;

namespace Ixy.Hosting;

/// <summary>
/// A model on a Unix socket, for any client that speaks vfio-user: QEMU 10.1 and later, or another process with this
/// library. One client at a time; the next one waits. When a client leaves, for whatever reason, the function is reset.
/// Thread-safe.
/// </summary>
public class VfioUserServer : IDisposable
{
    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _answers = new(initialState: true);
    private readonly PciFunctionModel _model;
    private readonly MessageListener _listener;
    private readonly Thread _thread;
    private ClientSession? _session;
    private bool _started, _stops;

    /// <summary>Serves a model at a path. No client is accepted before <see cref="Start"/>.</summary>
    /// <param name="model">The model; owned from now on, unless this throws.</param>
    /// <param name="socketPath">Where to create the socket: a path of at most 107 bytes. A stale socket is
    /// replaced.</param>
    /// <exception cref="DeviceSpecifierException">The path is invalid.</exception>
    /// <exception cref="DeviceBusyException">Another process listens there.</exception>
    /// <exception cref="PciDeviceException">The socket cannot be created.</exception>
    public VfioUserServer(PciFunctionModel model, string socketPath) : this(model, new MessageListener(socketPath))
    {
    }

    /// <summary>
    /// The same for an existing listener, so that a caller can claim the path before it creates the model.
    /// </summary>
    /// <param name="model">The model; owned from now on.</param>
    /// <param name="listener">The socket; owned from now on.</param>
    public VfioUserServer(PciFunctionModel model, MessageListener listener)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(listener);
        (_model, _listener) = (model, listener);
        _thread = new Thread(Serve) { IsBackground = true, Name = "vfio-user server" };
    }

    /// <summary>A client connected or left: what happened, as a sentence. Raised on the server's thread.</summary>
    public event Action<string>? Notice;

    /// <summary>A client has the function.</summary>
    public bool HasClient => Volatile.Read(ref _session) is not null;

    /// <summary>Datasheet rules that drivers have broken so far.</summary>
    public RuleViolations Violations => _model.Violations;

    /// <summary>What drivers did that breaks no rule but is worth knowing.</summary>
    public DeviceNotes Notes => _model.Notes;

    /// <summary>
    /// Asks the client to give the function back, as a host does before it unplugs one (VFIO_PCI_REQ_IRQ_INDEX): this
    /// library's client finds a <see cref="DeviceRequestedException"/>. It does not wait until the client has left
    /// (<see cref="HasClient"/>), and the next one is not asked.
    /// </summary>
    /// <returns>False if there is no client, or if it does not take such requests, as QEMU 11 does not.</returns>
    public bool RequestRelease()
    {
        lock (_lock)
        {
            if (_session is null) return false;
            DeviceThread.Enter();
            try
            {
                return _model.Notices.Give(HostNotice.Request);
            }
            finally
            {
                DeviceThread.Leave();
            }
        }
    }

    /// <summary>Starts accepting clients. Call it once, after <see cref="Notice"/> has its handlers.</summary>
    public void Start()
    {
        _started = true;
        DeviceThread.ChangeServers(+1);
        DeviceThread.ChangeUnattended(+1);
        DeviceThread.Add(_model);
        _thread.Start();
    }

    /// <summary>
    /// Answers nothing, as a process that was stopped: the next reply stops halfway, and goes on when this is false
    /// again. A client that comes meanwhile gets half an answer too. The model has its turns all the same. It is for
    /// tests of clients. For any thread.
    /// </summary>
    public bool IsStalled
    {
        get => !_answers.IsSet;
        set
        {
            if (value) _answers.Reset();
            else _answers.Set();
        }
    }

    /// <summary>
    /// Ends the client's connection in the middle of a message, as if this process had been killed; the function is
    /// reset, and the next client is served as by one that was started again. Does nothing without a client. It is for
    /// tests of clients. For any thread.
    /// </summary>
    public void BreakOff() => Volatile.Read(ref _session)?.BreakOff();

    /// <summary>
    /// Ends the client's connection, and removes the socket and the model. Does nothing the second time.
    /// </summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Implements <see cref="Dispose()"/>; there is no finalizer.</summary>
    protected virtual void Dispose(bool disposing)
    {
        lock (_lock)
        {
            if (_stops) return;
            _stops = true;
            _session?.ShutDown();
        }
        _listener.ShutDown();
        IsStalled = false;
        if (_started) DeviceThread.ChangeServers(-1);
        if (_thread.IsAlive) _thread.Join();
        _listener.Dispose();
        DeviceThread.Remove(_model);
        if (_started) DeviceThread.ChangeUnattended(-1);
        _model.Dispose();
    }

    private void Serve()
    {
        while (true)
        {
            int client = _listener.Accept();
            if (client < 0) return;
            using var session = new ClientSession(_model, client, _answers);
            if (!TryBegin(session)) return;
            DeviceThread.ChangeUnattended(-1);
            Notice?.Invoke("a client has connected");
            string end = session.Run();
            DeviceThread.ChangeUnattended(+1);
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
