using System.Runtime.ExceptionServices;

namespace Ixy.Vfio;

/// <summary>
/// A thread that has a core to itself and usually polls. It does not keep the process alive. All members may be used by
/// any thread, except <see cref="GiveWay"/>, which is for the worker itself.
/// </summary>
/// <example>
/// <code>
/// int[] cores = ThreadPlacement.ChooseCores(2, device.PciDevice.NumaNode);
/// using var worker = PinnedWorker.Start("forwarder", cores[0], worker =>
/// {
///     while (!worker.StopRequested)
///     {
///         if (Forward() == 0) worker.GiveWay();
///     }
/// });
/// …
/// worker.RequestStop();
/// worker.Join();
/// </code>
/// </example>
public sealed class PinnedWorker : IDisposable
{
    private readonly Thread _thread;
    private volatile bool _stopRequested;
    private ExceptionDispatchInfo? _failure;

    private PinnedWorker(string name, int core, Action<PinnedWorker> body)
    {
        (Name, Core) = (name, core);
        _thread = new Thread(() => Run(body)) { Name = name, IsBackground = true };
    }

    /// <summary>The thread's name.</summary>
    public string Name { get; }

    /// <summary>The number of the core it runs on.</summary>
    public int Core { get; }

    /// <summary>
    /// Another pinned thread of this process runs on the core: see <see cref="GiveWay"/>. As cheap as reading a
    /// variable.
    /// </summary>
    public bool SharesCore => CoreUse.IsShared(Core);

    /// <summary>The body should return. As cheap as reading a variable.</summary>
    public bool StopRequested => _stopRequested;

    /// <summary>Starts a worker.</summary>
    /// <param name="name">The thread's name, for messages and debuggers.</param>
    /// <param name="core">The core's number; <see cref="ThreadPlacement.ChooseCores"/> suggests good ones.</param>
    /// <param name="body">Runs on the thread until it returns or throws; receives the worker.</param>
    /// <exception cref="ArgumentOutOfRangeException">No core can have this number.</exception>
    public static PinnedWorker Start(string name, int core, Action<PinnedWorker> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentOutOfRangeException.ThrowIfNegative(core);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(core, ThreadPlacement.MostCores);
        var worker = new PinnedWorker(name, core, body);
        // Here, not on the thread: a caller that starts several on one core expects each to know from its first round
        // on.
        CoreUse.Enter(core);
        worker._thread.Start();
        return worker;
    }

    /// <summary>
    /// Gives the other pinned threads of the core a turn; does nothing if there are none. A polling body calls it when
    /// it has found nothing to do, and after some tens of microseconds of work. Without it the others wait for the
    /// scheduler, which takes milliseconds, and their rings overflow.
    /// </summary>
    public void GiveWay()
    {
        if (SharesCore) Thread.Yield();
    }

    /// <summary>Asks the body to return; does not wait.</summary>
    public void RequestStop() => _stopRequested = true;

    /// <summary>Waits until the body has returned, and throws what it threw.</summary>
    /// <exception cref="PciDeviceException">The thread could not be pinned to the core.</exception>
    public void Join()
    {
        _thread.Join();
        _failure?.Throw();
    }

    /// <summary>
    /// Asks the body to return and waits until it has. Does not throw what the body threw: <see cref="Join"/> does
    /// that.
    /// </summary>
    public void Dispose()
    {
        RequestStop();
        _thread.Join();
    }

    private void Run(Action<PinnedWorker> body)
    {
        try
        {
            ThreadPlacement.PinTo(Core);
            body(this);
        }
        catch (Exception error)
        {
            _failure = ExceptionDispatchInfo.Capture(error);
        }
        finally
        {
            CoreUse.Leave(Core);
        }
    }
}
