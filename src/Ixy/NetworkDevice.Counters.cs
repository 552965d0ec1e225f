using System.Collections.Immutable;
using Ixy.Vfio;

namespace Ixy;

// The device's counters, and who reads them besides the application: a timer, and the meter.
public abstract partial class NetworkDevice
{
    // Of an ixgbe card's counters, bytes are full first: 36 bits after 55 s at 10 Gbit/s, while 32 bits of the shortest
    // packets last 288 s. Simulated cards can be ten times as fast as that.
    internal static readonly TimeSpan CounterInterval = TimeSpan.FromSeconds(2);

    private static ImmutableList<NetworkDevice> s_open = [];

    private readonly Lock _counting = new();
    private ITimer? _counterTimer;
    private bool _isOpen;

    /// <summary>
    /// What the card and its queues have counted since the device was opened. Any thread may ask, until the device is
    /// disposed, and as seldom as it likes: what a card's own counters have no room for is taken over in time.
    /// </summary>
    public abstract DeviceStatistics ReadStatistics();

    /// <summary>All of this process that are open: what the meter shows.</summary>
    internal static IReadOnlyList<NetworkDevice> AllOpen => s_open;

    /// <summary>
    /// Takes over what the card has counted, if its counters have an end. For any thread, while the device is open.
    /// </summary>
    internal virtual void TakeCounters()
    {
        // Most count in the driver, in 64 bits.
    }

    /// <summary>Reads the device on any thread; does nothing once it closes.</summary>
    internal void WhileOpen(Action read)
    {
        lock (_counting)
        {
            try
            {
                if (_isOpen) read();
            }
            catch (PciDeviceException)
            {
                // A card that has gone counts nothing more. Whoever uses it is told; who watches sees it end.
            }
        }
    }

    private void ShowCounters()
    {
        _isOpen = true;
        ImmutableInterlocked.Update(ref s_open, open => open.Add(this));
        var never = Timeout.InfiniteTimeSpan;
        _counterTimer = PciDevice.Clock.CreateTimer(_ => TakeCountersInTime(), state: null, never, never);
        _counterTimer.Change(CounterInterval, never);
    }

    // When this returns, nobody reads the device any more.
    private void HideCounters()
    {
        ImmutableInterlocked.Update(ref s_open, open => open.Remove(this));
        _counterTimer?.Dispose();
        lock (_counting) _isOpen = false;
    }

    private void TakeCountersInTime()
    {
        try
        {
            WhileOpen(TakeCounters);
        }
        finally
        {
            // Only then, so that a device that answers slowly is not asked twice at once.
            _counterTimer!.Change(CounterInterval, Timeout.InfiniteTimeSpan);
        }
    }
}
