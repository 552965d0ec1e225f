using System.Runtime.ExceptionServices;

namespace Ixy.Vfio;

/// <summary>
/// A thread that has a core of its own and most often polls. It does not keep the process alive. All members may be
/// used by any thread; <see cref="GiveWay"/> is for the worker itself.
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
    /// Another pinned thread of this process runs on the core: see <see cref="GiveWay"/>. As cheap as a look at a
    /// variable.
    /// </summary>
    public bool SharesCore => CoreUse.IsShared(Core);

    /// <summary>The body is to return. As cheap as a look at a variable.</summary>
    public bool StopRequested => _stopRequested;

    /// <summary>Starts a worker.</summary>
    /// <param name="name">The thread's name, for messages and debuggers.</param>
    /// <param name="core">The core's number; <see cref="ThreadPlacement.ChooseCores"/> knows good ones.</param>
    /// <param name="body">Runs on the thread, until it returns or throws; gets the worker itself.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no core of this number anywhere.</exception>
    public static PinnedWorker Start(string name, int core, Action<PinnedWorker> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentOutOfRangeException.ThrowIfNegative(core);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(core, ThreadPlacement.MostCores);
        var worker = new PinnedWorker(name, core, body);
        // Here, not on the thread: whoever starts several on one core wants each of them to know from its first round
        // on.
        CoreUse.Enter(core);
        worker._thread.Start();
        return worker;
    }

    /// <summary>
    /// Lets the other pinned threads of the core have their turn; does nothing if there are none. A polling body calls
    /// it when it has found nothing to do, and after some tens of microseconds of work: without it the others wait for
    /// the scheduler, which is milliseconds, and their rings overflow.
    /// </summary>
    public void GiveWay()
    {
        if (SharesCore) Thread.Yield();
    }

    /// <summary>Asks the body to return; does not wait.</summary>
    public void RequestStop() => _stopRequested = true;

    /// <summary>Waits until the body has returned, and throws what it threw.</summary>
    /// <exception cref="PciDeviceException">The thread could not be tied to the core.</exception>
    public void Join()
    {
        _thread.Join();
        _failure?.Throw();
    }

    /// <summary>
    /// Asks the body to return and waits until it has. What it threw is not thrown here: that is <see cref="Join"/>'s.
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
