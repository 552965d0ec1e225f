namespace Ixy;

// Waiting for packets, and the interrupt that makes it a sleep.
public abstract partial class ReceiveQueue
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMicroseconds(1);

    /// <summary>
    /// How often the queue has interrupted since the device was opened, as far as a wait has noticed; 0 without
    /// <see cref="NetworkDeviceOptions.Interrupts"/>. May be read from any thread.
    /// </summary>
    public long Interrupts => Interrupt?.Vector.Fired ?? 0;

    /// <summary>
    /// How often a thread has gone to sleep until this queue interrupts. Each time costs a few microseconds of system
    /// calls; a number that stays the same under load means that the queue is polled. May be read from any thread.
    /// </summary>
    public long Waits => Interrupt?.Waits ?? 0;

    internal TimeProvider Clock => Device?.Clock ?? TimeProvider.System;

    /// <summary>Something has arrived that <see cref="Receive(Span{Packet})"/> would take or drop.</summary>
    internal abstract bool HasArrivals { get; }

    /// <summary>
    /// As <see cref="Receive(Span{Packet})"/>, but where nothing has arrived, waits until something does. A device that
    /// was opened with <see cref="NetworkDeviceOptions.Interrupts"/> lets the thread sleep while there is little to do,
    /// and polls while there is much (see <see cref="QueueWaiter"/> for what is little); without, this polls all the
    /// time.
    /// </summary>
    /// <param name="batch">As for <see cref="Receive(Span{Packet})"/>.</param>
    /// <param name="timeout">
    /// Waits at most so long by the device's clock; <see cref="Timeout.InfiniteTimeSpan"/> for ever.
    /// </param>
    /// <returns>How many places were filled; 0 if the time is over, or what arrived was dropped meanwhile.</returns>
    /// <exception cref="Vfio.PciDeviceException">The device has gone (<see cref="Vfio.PciDevice.IsGone"/>).</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed by another thread while this one
    /// slept.</exception>
    public int Receive(Span<Packet> batch, TimeSpan timeout)
    {
        int received = Receive(batch);
        return received > 0 || batch.IsEmpty || timeout == TimeSpan.Zero ? received : ReceiveLater(batch, timeout);
    }

    /// <summary>Asks for an interrupt when the next packet arrives, or at once if one has.</summary>
    internal abstract void Arm();

    /// <summary>Asks for no more interrupts. One may be on its way.</summary>
    internal abstract void Disarm();

    private int ReceiveLater(Span<Packet> batch, TimeSpan timeout)
    {
        var waiter = Interrupt?.Waiter(this);
        var deadline = new Deadline(Clock, timeout);
        while (true)
        {
            bool isOver = deadline.IsOver;
            if (!isOver) WaitOrPoll(waiter, deadline.Left);
            int received = Receive(batch);
            if (received > 0 || isOver) return received;
        }
    }

    // A queue that is polled would never show that its device has gone. Where time does not go by itself, a poll costs
    // some.
    private void WaitOrPoll(QueueWaiter? waiter, TimeSpan timeout)
    {
        if (waiter is not null)
        {
            waiter.Wait(timeout);
            return;
        }
        Device?.ThrowIfGone();
        Device?.TryPass(s_poll);
    }
}
