using Ixy.Vfio;
using Ixy.Waiting;

namespace Ixy;

/// <summary>
/// Lets one thread wait for packets of several receive queues, even of different devices: call <see cref="Wait"/> when
/// all of them were found empty. All members except <see cref="Wake"/> are for that one thread.
/// </summary>
/// <remarks>
/// Under low load, the thread sleeps until a queue interrupts. Under high load, <see cref="Wait"/> returns at once,
/// with no system call, so the queues are polled. The load is high <list type="bullet">
/// <item>while the queues together have received more than 1,200 packets per millisecond (1.2 Mpps), as a moving
/// average of five windows of a millisecond: the threshold of ixy in C;</item>
/// <item>for a millisecond after 32 or more packets, a full batch, arrived since the queues were last empty.</item>
/// </list>
/// So the thread sleeps five milliseconds after the last packet. The devices must be opened with
/// <see cref="NetworkDeviceOptions.Interrupts"/>; if one of them was not, the thread never sleeps.
/// The thread looks at the queues at least once a second even while it sleeps, so a lost interrupt costs no more than
/// that (<see cref="DeviceFaults.LostInterrupts"/>).
/// Stop the thread before its devices are disposed. A thread that is still sleeping then wakes up with an exception;
/// one that is polling would use memory that is gone.
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
    /// Creates a waiter for one or more queues whose devices have the same clock (<see cref="PciDevice.Clock"/>).
    /// </summary>
    /// <exception cref="PciDeviceException">No file descriptor is left for it, or a queue was named twice.</exception>
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
    /// <param name="timeout">The longest sleep, in real time in whole milliseconds;
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <returns>
    /// False if a sleep ended without an interrupt: the timeout passed, or <see cref="Wake"/> was called.
    /// </returns>
    /// <exception cref="PciDeviceException">A device has gone (<see cref="PciDevice.IsGone"/>).</exception>
    /// <exception cref="ObjectDisposedException">
    /// The waiter was disposed, or a device was, by another thread.
    /// </exception>
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
    /// The first part of <see cref="Wait"/>, for a thread that has its own event loop: arms the devices' interrupts.
    /// The thread may then sleep until one of them fires (<see cref="HasFired"/>), and ends that with
    /// <see cref="EndSleep"/>.
    /// </summary>
    /// <returns>
    /// False if the queues should be looked at again at once; then do not call <see cref="EndSleep"/>.
    /// </returns>
    /// <exception cref="PciDeviceException">A device has gone (<see cref="PciDevice.IsGone"/>).</exception>
    /// <exception cref="ObjectDisposedException">
    /// The waiter was disposed, or a device was, by another thread.
    /// </exception>
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
            // A packet that arrived after the last look but before its queue was armed need not interrupt: so look once
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

    /// <summary>Waits up to the timeout for an interrupt.</summary>
    /// <param name="timeout">As for <see cref="Wait"/>; <see cref="TimeSpan.Zero"/> only checks.</param>
    /// <returns>True if a device has interrupted. Each interrupt is reported once.</returns>
    /// <exception cref="ObjectDisposedException">The waiter was disposed.</exception>
    public bool HasFired(TimeSpan timeout) => _sleeper is not null && _sleeper.Wait(_fired, timeout) > 0;

    /// <summary>The last part of <see cref="Wait"/>: disarms the interrupts.</summary>
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
    /// Ends the current sleep of the waiting thread, or else its next one. For any thread; does nothing after disposal.
    /// </summary>
    public void Wake() => _sleeper?.Wake();

    /// <summary>Releases the waiter's file descriptors; the queues are unaffected. No thread may be waiting.</summary>
    public void Dispose() => _sleeper?.Dispose();

    // Until an interrupt arrives, the time is up, or someone wakes the thread; now and then it looks at the queues
    // itself.
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
