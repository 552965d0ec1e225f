using Ixy.Vfio;

namespace Ixy;

/// <summary>
/// Lets one thread wait for packets of several receive queues, also of different devices: call <see cref="Wait"/> when
/// all of them were found empty. All members but <see cref="Wake"/> are for that one thread.
/// </summary>
/// <remarks>
/// Little load, and the thread sleeps until a queue interrupts; much load, and <see cref="Wait"/> returns at once, with
/// no system call: then the queues are polled. The load is high
/// <list type="bullet">
/// <item>while the queues together have received more than 1,200 packets a millisecond (1.2 Mpps), as a moving average
/// of five windows of a millisecond: the threshold of ixy in C;</item>
/// <item>for a millisecond after 32 packets or more have come since the queues were last empty, a full batch.</item>
/// </list>
/// So five milliseconds after the last packet the thread sleeps. The devices have to be opened with
/// <see cref="NetworkDeviceOptions.Interrupts"/>; if one of them was not, the thread never sleeps.
/// No sleep is longer than a second without a look at the queues, so an interrupt that is lost costs no more than that
/// (<see cref="DeviceFaults.LostInterrupts"/>).
/// Stop the thread before its devices are disposed. If it sleeps then all the same, it wakes up with an exception; but
/// if it polls, it uses memory that is gone.
/// </remarks>
public sealed class QueueWaiter : IDisposable
{
    private static readonly TimeSpan s_longestSleep = TimeSpan.FromSeconds(1);

    // Longer than a card may hold an interrupt back (EITR).
    private static readonly TimeSpan s_onItsWay = TimeSpan.FromMilliseconds(2);

    private readonly ReceiveQueue[] _queues;
    private readonly QueueInterrupt[] _interrupts;
    private readonly InterruptVector[] _fired;
    private readonly InterruptWaiter? _sleeper;
    private readonly TimeProvider _clock;
    private LoadMeter _load;
    private int _asleep;

    /// <summary>
    /// Makes a waiter for these queues, one or more, whose devices have the same clock (<see cref="PciDevice.Clock"/>).
    /// </summary>
    /// <exception cref="PciDeviceException">No descriptor is left for it, or a queue was named twice.</exception>
    public QueueWaiter(params IEnumerable<ReceiveQueue> queues)
    {
        _queues = [.. queues];
        if (_queues.Length == 0)
            throw new ArgumentException("nothing to wait for: expected one queue or more", nameof(queues));
        _clock = _queues[0].Clock;
        _load = new(_clock.TimestampFrequency);
        _interrupts = [.. _queues.Select(queue => queue.Interrupt).OfType<QueueInterrupt>()];
        _fired = new InterruptVector[_interrupts.Length];
        if (_interrupts.Length == _queues.Length) _sleeper = new(_interrupts.Select(interrupt => interrupt.Vector));
    }

    /// <summary>Returns when it is worth looking at the queues again.</summary>
    /// <param name="timeout">
    /// Sleeps at most so long, in real time in whole milliseconds; <see cref="Timeout.InfiniteTimeSpan"/> for ever.
    /// </param>
    /// <returns>False if a sleep ended without an interrupt: the time is over, or <see cref="Wake"/> was
    /// called.</returns>
    /// <exception cref="PciDeviceException">A device has gone (<see cref="PciDevice.IsGone"/>).</exception>
    /// <exception cref="ObjectDisposedException">A device was disposed by another thread, or the waiter.</exception>
    /// <exception cref="InvalidOperationException">Another thread sleeps on one of the queues.</exception>
    public bool Wait(TimeSpan timeout)
    {
        if (!TryBeginSleep()) return true;
        try
        {
            bool hasFired = Sleep(timeout);
            Disarm();
            return hasFired;
        }
        finally
        {
            Release();
        }
    }

    /// <summary>
    /// The first part of <see cref="Wait"/>, for a thread that has an event loop of its own: asks the devices for
    /// interrupts. It may sleep then until one of them comes (<see cref="HasFired"/>), and ends that with <see
    /// cref="EndSleep"/>.
    /// </summary>
    /// <returns>False if it is worth looking at the queues again at once; then there is nothing to end.</returns>
    /// <exception cref="PciDeviceException">A device has gone (<see cref="PciDevice.IsGone"/>).</exception>
    /// <exception cref="ObjectDisposedException">A device was disposed by another thread, or the waiter.</exception>
    /// <exception cref="InvalidOperationException">Another thread sleeps on one of the queues.</exception>
    public bool TryBeginSleep()
    {
        foreach (var queue in _queues) queue.Device?.ThrowIfGone();
        if (_sleeper is null || _load.IsHigh(_clock.GetTimestamp(), CountPackets())) return false;
        bool sleeps = false;
        try
        {
            while (_asleep < _interrupts.Length)
            {
                _interrupts[_asleep].BeginSleep();
                _asleep++;
            }
            foreach (var queue in _queues) queue.Arm();
            // A packet that came after the last look and before its queue was armed need not interrupt: so look once
            // more.
            sleeps = !HaveArrivals();
            if (!sleeps) Disarm();
        }
        finally
        {
            if (!sleeps) Release();
        }
        if (!sleeps) return false;
        foreach (var interrupt in _interrupts) interrupt.CountWait();
        return true;
    }

    /// <summary>Whether the sleep is over; waits until it is, at most so long.</summary>
    /// <param name="timeout">As for <see cref="Wait"/>; <see cref="TimeSpan.Zero"/> only asks.</param>
    /// <returns>True if a device has interrupted. Each interrupt is told once.</returns>
    /// <exception cref="ObjectDisposedException">The waiter was disposed.</exception>
    public bool HasFired(TimeSpan timeout) => _sleeper is not null && _sleeper.Wait(_fired, timeout) > 0;

    /// <summary>The last part of <see cref="Wait"/>: asks for no more interrupts.</summary>
    /// <exception cref="PciDeviceException">A device has gone (<see cref="PciDevice.IsGone"/>).</exception>
    /// <exception cref="ObjectDisposedException">A device was disposed by another thread.</exception>
    public void EndSleep()
    {
        try
        {
            Disarm();
        }
        finally
        {
            Release();
        }
    }

    /// <summary>
    /// Ends the sleep of the thread that waits, or its next one. For any thread; does nothing after disposal.
    /// </summary>
    public void Wake() => _sleeper?.Wake();

    /// <summary>Releases the waiter's descriptors; the queues stay as they are. Nobody may wait.</summary>
    public void Dispose() => _sleeper?.Dispose();

    // Until an interrupt comes, the time is over, or somebody wakes the thread; but now and then it looks itself.
    private bool Sleep(TimeSpan timeout)
    {
        var deadline = new Deadline(_clock, timeout);
        while (true)
        {
            var left = deadline.Left;
            bool isLast = left != Timeout.InfiniteTimeSpan && left <= s_longestSleep;
            var sleep = isLast ? left : s_longestSleep;
            long start = _clock.GetTimestamp();
            if (HasFired(sleep)) return true;
            bool isWoken = _clock.GetElapsedTime(start) < sleep;
            if (isLast || isWoken) return false;
            foreach (var queue in _queues) queue.Device?.ThrowIfGone();
            if (!HaveArrivals()) continue;
            if (!HasFired(s_onItsWay)) CountLost();
            return true;
        }
    }

    private void CountLost()
    {
        for (int i = 0; i < _queues.Length; i++)
        {
            if (_queues[i].HasArrivals) _interrupts[i].CountLost();
        }
    }

    private void Disarm()
    {
        foreach (var queue in _queues) queue.Disarm();
        foreach (var interrupt in _interrupts)
        {
            interrupt.Device.ThrowIfGone();
            interrupt.ThrowIfDisposed();
        }
    }

    private void Release()
    {
        while (_asleep > 0) _interrupts[--_asleep].EndSleep();
    }

    private bool HaveArrivals()
    {
        foreach (var queue in _queues)
        {
            if (queue.HasArrivals) return true;
        }
        return false;
    }

    private long CountPackets()
    {
        long packets = 0;
        foreach (var queue in _queues) packets += queue.Packets;
        return packets;
    }
}
