using Ixy.Vfio;

namespace Ixy.Waiting;

/// <summary>
/// The interrupt of a receive queue, and the thread that sleeps on it. A sleeper uses the queue only between
/// <see cref="BeginSleep"/> and <see cref="EndSleep"/>; disposing wakes it, and waits until it has left.
/// </summary>
/// <param name="device">The function whose clock and vectors it uses.</param>
/// <param name="vector">Signalled when packets have arrived.</param>
/// <param name="enableCause">
/// Writes the register that lets the queue interrupt once; null if a word in the ring does that, as for virtio.
/// </param>
internal sealed class QueueInterrupt(PciDevice device, InterruptVector vector, Action? enableCause = null) : IDisposable
{
    private readonly object _gate = new();
    private QueueWaiter? _waiter;
    private bool _isSlept, _isDisposed;

    internal PciDevice Device => device;

    internal InterruptVector Vector => vector;

    /// <summary>How many times a thread has gone to sleep.</summary>
    internal long Waits { get; private set; }

    /// <summary>How many times packets had arrived without their interrupt, so it was lost.</summary>
    internal long Lost { get; private set; }

    /// <summary>Lets the queue interrupt once. Only for cards with a register for that.</summary>
    internal void EnableCause() => enableCause!();

    /// <summary>Waits for this queue alone; created when first needed.</summary>
    internal QueueWaiter Waiter(ReceiveQueue queue) => _waiter ??= new([queue]);

    /// <summary>Until <see cref="EndSleep"/>, the device and its memory stay.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    /// <exception cref="InvalidOperationException">Another thread sleeps here.</exception>
    internal void BeginSleep()
    {
        lock (_gate)
        {
            ThrowIfDisposed();
            if (_isSlept)
                throw new InvalidOperationException(
                    $"two threads wait for interrupt {vector.Index} of {device.Name}: a receive queue is for one "
                    + "thread at a time");
            _isSlept = true;
        }
    }

    internal void EndSleep()
    {
        lock (_gate)
        {
            _isSlept = false;
            Monitor.PulseAll(_gate);
        }
    }

    internal void CountWait() => Waits++;

    internal void CountLost() => Lost++;

    /// <exception cref="InvalidOperationException">A thread sleeps here.</exception>
    internal void ThrowIfSlept()
    {
        lock (_gate)
        {
            if (_isSlept)
                throw new InvalidOperationException(
                    $"a thread waits for interrupt {vector.Index} of {device.Name}: wake it before the device is "
                    + "restarted");
        }
    }

    internal void ThrowIfDisposed()
    {
        if (_isDisposed)
            throw new ObjectDisposedException(
                device.Name, $"{device.Name} was disposed while a thread waited for its packets: end the thread first");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            vector.Signal();
            while (_isSlept) Monitor.Wait(_gate);
        }
        _waiter?.Dispose();
    }
}
