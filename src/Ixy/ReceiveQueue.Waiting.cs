using Ixy.Waiting;

namespace Ixy;

// Waiting for packets, and the interrupt that allows sleeping.
public abstract partial class ReceiveQueue
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMicroseconds(1);

    /// <summary>
    /// How many interrupts of the queue a wait has noticed since the device was opened; 0 without
    /// <see cref="NetworkDeviceOptions.Interrupts"/>. May be read from any thread.
    /// </summary>
    public long Interrupts => Interrupt?.Vector.Fired ?? 0;

    /// <summary>
    /// How many times a thread has gone to sleep until this queue interrupts. Each costs a few microseconds of system
    /// calls; a number that does not change under load means that the queue is polled. May be read from any thread.
    /// </summary>
    public long Waits => Interrupt?.Waits ?? 0;

    internal TimeProvider Clock => Device?.Clock ?? TimeProvider.System;

    /// <summary>Something has arrived that <see cref="Receive(Span{Packet})"/> would take or drop.</summary>
    internal abstract bool HasArrivals { get; }

    /// <summary>
    /// Like <see cref="Receive(Span{Packet})"/>, but if nothing has arrived, waits until something does. If the device
    /// was opened with <see cref="NetworkDeviceOptions.Interrupts"/>, the thread sleeps under low load and polls under
    /// high load (see <see cref="QueueWaiter"/>); otherwise it always polls.
    /// </summary>
    /// <param name="batch">As for <see cref="Receive(Span{Packet})"/>.</param>
    /// <param name="timeout">The longest wait, by the device's clock; <see cref="Timeout.InfiniteTimeSpan"/> for no
    /// limit.</param>
    /// <returns>How many places were filled; 0 if the timeout passed, or everything that arrived was dropped.</returns>
    /// <exception cref="Vfio.PciDeviceException">The device has gone (<see cref="Vfio.PciDevice.IsGone"/>).</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed by another thread while this one
    /// slept.</exception>
    public int Receive(Span<Packet> batch, TimeSpan timeout)
    {
        int received = Receive(batch);
        return received > 0 || batch.IsEmpty || timeout == TimeSpan.Zero ? received : ReceiveLater(batch, timeout);
    }

    /// <summary>Arms an interrupt for the next packet; it fires at once if one has already arrived.</summary>
    internal abstract void Arm();

    /// <summary>Disarms the interrupt. One may still be on its way.</summary>
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

    // A polled queue would never show that its device has gone. If time does not pass by itself, each poll takes some.
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
