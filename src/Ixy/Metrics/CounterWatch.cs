using System.Runtime.CompilerServices;

namespace Ixy.Metrics;

/// <summary>
/// Takes over what the cards of this process have counted, now and then and whether anybody asks or not, so that no counter
/// comes to its end. One timer for all open devices with the same clock, and none while there is no device: no thread,
/// and nothing on the way of packets.
/// </summary>
internal sealed class CounterWatch(TimeProvider time)
{
    // Of an ixgbe card's counters, bytes are full first: 36 bits after 55 s at 10 Gbit/s, while 32 bits of the shortest packets
    // last 288 s. Simulated cards can be ten times as fast as that.
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private DeviceMetrics[] _devices = [];
    private ITimer? _timer;

    private static readonly ConditionalWeakTable<TimeProvider, CounterWatch> s_watches = [];

    /// <summary>That of all open devices with this clock.</summary>
    internal static CounterWatch Of(TimeProvider clock) => s_watches.GetValue(clock, clock => new(clock));

    /// <summary>The devices that are looked after.</summary>
    internal IReadOnlyList<DeviceMetrics> Devices => Volatile.Read(ref _devices);

    internal void Add(DeviceMetrics device)
    {
        lock (_lock)
        {
            _devices = [.. _devices, device];
            _timer ??= time.CreateTimer(_ => TakeAll(), null, Interval, Timeout.InfiniteTimeSpan);
        }
    }

    internal void Remove(DeviceMetrics device)
    {
        lock (_lock)
        {
            _devices = [.. _devices.Where(other => other != device)];
            if (_devices.Length > 0) return;
            _timer?.Dispose();
            _timer = null;
        }
    }

    private void TakeAll()
    {
        try
        {
            // One that begins to close meanwhile is left alone: DeviceMetrics knows.
            foreach (var device in Devices) device.TakeCounters();
        }
        finally
        {
            // Only then, so that a device that answers slowly is not asked twice at once.
            lock (_lock) _timer?.Change(Interval, Timeout.InfiniteTimeSpan);
        }
    }
}
