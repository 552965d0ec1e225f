using Ixy.Vfio.Interop;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Vfio.Interrupts;

/// <summary>
/// Notices about a function from the kernel or a vfio-user server, besides its interrupts: that it is wanted back, and
/// that its PCI Express port has reported an error. Each is an event descriptor that a timer polls, so no thread waits
/// for it. Thread-safe.
/// </summary>
internal sealed unsafe class DeviceNotices : IDisposable
{
    /// <summary>How often the timer polls: far below the ten seconds after which the kernel asks again.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly object _lock = new();
    private readonly string _name, _sender, _hint;
    private readonly ITimer? _timer;
    private int _request = -1, _error = -1;
    private DeviceGoneException? _found;

    /// <summary>Connects both, and starts polling.</summary>
    /// <param name="name">The function's name, for messages.</param>
    /// <param name="sender">Who sends them, for messages.</param>
    /// <param name="connect">Gives the sender the descriptor for an interrupt index; false if it has no such index
    /// (older kernels, functions that are not PCI Express, some servers).</param>
    /// <param name="clock">The clock the timer runs on.</param>
    /// <param name="hint">Where to read more about an error, for its message.</param>
    /// <exception cref="PciDeviceException">No file descriptor is left.</exception>
    internal DeviceNotices(
        string name, string sender, Func<int, int, bool> connect, TimeProvider clock, string hint = "")
    {
        (_name, _sender, _hint) = (name, sender, hint);
        try
        {
            _request = Connect(PCI_REQ_IRQ_INDEX, connect);
            _error = Connect(PCI_ERR_IRQ_INDEX, connect);
        }
        catch
        {
            Dispose();
            throw;
        }
        if (_request >= 0 || _error >= 0) _timer = clock.CreateTimer(_ => Look(), null, Interval, Interval);
    }

    /// <summary>The notice found; null if there was none. As cheap as reading a variable.</summary>
    internal DeviceGoneException? Found => Volatile.Read(ref _found);

    /// <summary>Throws the notice, if there was one.</summary>
    /// <exception cref="DeviceRequestedException">The function is wanted back.</exception>
    /// <exception cref="DeviceGoneException">Its port has reported an error.</exception>
    internal void ThrowIfFound()
    {
        // A new exception each time: the stack is the caller's.
        if (Found is { } found)
            throw found is DeviceRequestedException ? new DeviceRequestedException(found.Message)
                : new DeviceGoneException(found.Message);
    }

    /// <summary>Polls now.</summary>
    internal void Look()
    {
        lock (_lock)
        {
            if (_found is not null) return;
            if (HasCome(_request)) Volatile.Write(ref _found, Requested());
            else if (HasCome(_error)) Volatile.Write(ref _found, Failed());
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer?.Dispose();
        // A poll already in progress must not read a descriptor that was reused for something else.
        lock (_lock)
        {
            Close(ref _request);
            Close(ref _error);
        }
    }

    private int Connect(int index, Func<int, int, bool> connect)
    {
        int descriptor = Libc.eventfd(0, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC);
        if (descriptor < 0)
            throw new PciDeviceException(
                $"{_name}: no event descriptor for what {_sender} has to tell: {Libc.LastError()}");
        bool isConnected = false;
        try
        {
            isConnected = connect(index, descriptor);
        }
        finally
        {
            if (!isConnected) Close(ref descriptor);
        }
        return descriptor;
    }

    private static bool HasCome(int descriptor)
    {
        ulong count = 0;
        return descriptor >= 0 && Libc.read(descriptor, &count, sizeof(ulong)) == sizeof(ulong);
    }

    private static void Close(ref int descriptor)
    {
        if (descriptor >= 0) _ = Libc.close(descriptor);
        descriptor = -1;
    }

    private DeviceRequestedException Requested() => new(
        $"{_name}: {_sender} asks for the device back: somebody unbinds or unplugs it, and waits until it is "
        + "released");

    private DeviceGoneException Failed() => new(
        $"{_name}: its PCI Express port has reported an error that cannot be corrected (AER): the state of the device "
        + $"is unknown; dispose it, and open it again{_hint}");
}
