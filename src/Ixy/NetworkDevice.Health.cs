using Ixy.Vfio;

namespace Ixy;

// Health checks, on request. They read only registers and positions, so they cost nothing per packet.
public abstract partial class NetworkDevice
{
    /// <summary>
    /// How long a transmit queue with packets may stand still, with the link up, before it counts as hung.
    /// </summary>
    internal static TimeSpan TransmitHangTime => TimeSpan.FromSeconds(2);

    private long _transmitHangs, _memoryErrors, _unaskedResets, _deviceErrors, _restarts;
    // For each transmit queue, its position at the last check and since when.
    private (ulong Place, long Since)[]? _standing;
    private uint _counted;

    /// <summary>The faults so far. For any thread.</summary>
    public DeviceFaults Faults => new(
        Volatile.Read(ref _transmitHangs), Volatile.Read(ref _memoryErrors), Volatile.Read(ref _unaskedResets),
        Volatile.Read(ref _deviceErrors), ReceiveQueues.Sum(queue => queue.Interrupt?.Lost ?? 0), Restarts);

    /// <summary>The card is set up: it was opened, and no restart has stopped it.</summary>
    private protected bool IsOpen => Volatile.Read(ref _isOpen);

    internal long Restarts => Volatile.Read(ref _restarts);

    /// <summary>
    /// Checks that the card is well: it answers, was not reset by something else, reports no error, and its transmit
    /// queues move. This reads several registers, so do not call it per packet. Once a second is right, because a hung
    /// queue is found by comparing two calls (<see cref="DeviceWatch"/> does just that). For any thread, even while
    /// others use the queues.
    /// </summary>
    /// <exception cref="DeviceGoneException">It no longer answers.</exception>
    /// <exception cref="DeviceNeedsResetException">It needs a <see cref="Restart"/>; the message says why.</exception>
    /// <exception cref="PciDeviceException">The transport failed.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public void CheckHealth()
    {
        if (FindFault() is { } fault) throw fault;
    }

    /// <summary>What <see cref="CheckHealth"/> throws; null if all is well.</summary>
    internal PciDeviceException? FindFault()
    {
        lock (_counting)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_isDown) return null;
            try
            {
                PciDevice.ThrowIfGone();
                if (_isOpen) LookForFaults();
                return _isOpen ? null : new DeviceNeedsResetException(
                    $"{Name} stands still, as its last restart failed: restart it again");
            }
            catch (PciDeviceException fault)
            {
                return fault;
            }
        }
    }

    /// <summary>Throws if the card reports an error.</summary>
    private protected abstract void LookForFaults();

    /// <summary>Throws if a transmit queue has stood still for too long.</summary>
    private protected void LookForHangs(bool linkIsUp)
    {
        long now = PciDevice.Clock.GetTimestamp();
        var standing = _standing ??= new (ulong Place, long Since)[TransmitQueues.Count];
        for (int i = 0; i < TransmitQueues.Count; i++)
        {
            var (place, isWaiting) = TransmitQueues[i].Progress;
            // Without a link nothing is expected to move.
            if (!isWaiting || !linkIsUp || standing[i].Since == 0 || standing[i].Place != place)
            {
                standing[i] = (place, isWaiting && linkIsUp ? now : 0);
                continue;
            }
            var time = PciDevice.Clock.GetElapsedTime(standing[i].Since, now);
            if (time < TransmitHangTime) continue;
            throw NeedsReset(DeviceFault.TransmitHang,
                $"transmit queue {i} has stood still for {time.TotalSeconds:0.0} s, with the link up and "
                + $"{TransmitQueues[i].Pending} packets in it");
        }
    }

    /// <summary>Counts a fault, at most once until the next restart.</summary>
    private protected DeviceNeedsResetException NeedsReset(DeviceFault fault, string what)
    {
        uint bit = 1u << (int)fault;
        if ((Interlocked.Or(ref _counted, bit) & bit) == 0) Interlocked.Increment(ref CounterOf(fault));
        return new($"{Name}: {what}: restart it (NetworkDevice.Restart), or dispose it and open it again");
    }

    private ref long CounterOf(DeviceFault fault)
    {
        switch (fault)
        {
            case DeviceFault.TransmitHang: return ref _transmitHangs;
            case DeviceFault.MemoryError: return ref _memoryErrors;
            case DeviceFault.UnaskedReset: return ref _unaskedResets;
            default: return ref _deviceErrors;
        }
    }
}
