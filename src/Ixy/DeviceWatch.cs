using Ixy.Vfio;

namespace Ixy;

/// <summary>
/// Watches a device: calls <see cref="NetworkDevice.CheckHealth"/> at intervals, on a timer of the device's clock, so
/// that loops which only poll memory learn that a card is gone, hangs or was reset. Such a loop calls
/// <see cref="ThrowIfFaulty"/> now and then, which costs no more than reading a variable. Thread-safe.
/// </summary>
public sealed class DeviceWatch : IDisposable
{
    private readonly NetworkDevice _device;
    private readonly ITimer _timer;
    private Finding? _finding;

    /// <summary>Starts watching.</summary>
    /// <param name="device">Must outlive the watch: dispose the watch first.</param>
    /// <param name="interval">How often to check; null means every second. A transmit hang is then found 2 to 4 s after
    /// the queue stopped.</param>
    /// <exception cref="ArgumentOutOfRangeException">The interval is not positive.</exception>
    public DeviceWatch(NetworkDevice device, TimeSpan? interval = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        var period = interval ?? TimeSpan.FromSeconds(1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(period, TimeSpan.Zero, nameof(interval));
        _device = device;
        _timer = device.PciDevice.Clock.CreateTimer(_ => Look(), null, period, period);
    }

    /// <summary>
    /// Raised once for each fault, when it is found, on the timer's thread; again only after it has cleared.
    /// </summary>
    public event Action<PciDeviceException>? Found;

    /// <summary>The latest fault; null while all is well, and after a restart.</summary>
    public PciDeviceException? Fault =>
        Volatile.Read(ref _finding) is { } finding && finding.Restarts == _device.Restarts ? finding.Fault : null;

    /// <summary>Throws the latest fault, if there is one.</summary>
    /// <exception cref="PciDeviceException">The device is gone, or needs a restart.</exception>
    public void ThrowIfFaulty()
    {
        if (Fault is { } fault) throw fault;
    }

    /// <summary>Stops watching.</summary>
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        // A health check must not declare a server lost that is only stopped for a while.
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
