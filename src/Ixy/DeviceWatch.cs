using Ixy.Vfio;

namespace Ixy;

/// <summary>
/// Looks after a device: calls <see cref="NetworkDevice.CheckHealth"/> at intervals, on a timer of the device's clock,
/// so that loops which only poll memory learn of a card that is gone, hangs or was reset. They ask
/// <see cref="ThrowIfFaulty"/> now and then, which is as cheap as a look at a variable. Thread-safe.
/// </summary>
public sealed class DeviceWatch : IDisposable
{
    private readonly NetworkDevice _device;
    private readonly ITimer _timer;
    private Finding? _finding;

    /// <summary>Starts to watch.</summary>
    /// <param name="device">Dispose the watch before it.</param>
    /// <param name="interval">How often; null for every second. Then a transmit hang is found 2 to 4 s after the queue
    /// has stopped.</param>
    /// <exception cref="ArgumentOutOfRangeException">The interval is not positive.</exception>
    public DeviceWatch(NetworkDevice device, TimeSpan? interval = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        var period = interval ?? TimeSpan.FromSeconds(1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(period, TimeSpan.Zero, nameof(interval));
        _device = device;
        _timer = device.PciDevice.Clock.CreateTimer(_ => Look(), null, period, period);
    }

    /// <summary>Told of each fault when it is found, on the timer's thread, and not again before it is over.</summary>
    public event Action<PciDeviceException>? Found;

    /// <summary>What was found last; null while all is well, and after a restart.</summary>
    public PciDeviceException? Fault =>
        Volatile.Read(ref _finding) is { } finding && finding.Restarts == _device.Restarts ? finding.Fault : null;

    /// <summary>Throws what was found.</summary>
    /// <exception cref="PciDeviceException">The device is gone, or needs a restart.</exception>
    public void ThrowIfFaulty()
    {
        if (Fault is { } fault) throw fault;
    }

    /// <summary>Ends the watch.</summary>
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        // A server that is stopped for a while is not to be lost because somebody asks.
        if (!_device.PciDevice.IsGone && !_device.PciDevice.AnswersNow()) return;
        long restarts = _device.Restarts;
        PciDeviceException? fault;
        try
        {
            fault = _device.FindFault();
        }
        catch (ObjectDisposedException)
        {
            return;
        }
        bool isNew = fault is not null && Fault is null;
        Volatile.Write(ref _finding, fault is null ? null : new(fault, restarts));
        if (isNew) Found?.Invoke(fault!);
    }

    private sealed record Finding(PciDeviceException Fault, long Restarts);
}
