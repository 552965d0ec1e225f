using Ixy.Vfio.Interop;
using Ixy.Vfio.Interrupts;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Vfio;

// The kernel cannot take a function away from a process: it asks, and waits until the process gives it back.
public sealed unsafe partial class VfioPciDevice
{
    private readonly DeviceNotices? _notices;

    /// <inheritdoc/>
    public override bool IsGone => _notices?.Found is not null || base.IsGone;

    /// <inheritdoc/>
    /// <exception cref="DeviceRequestedException">The kernel wants the function back.</exception>
    public override void ThrowIfGone()
    {
        _notices?.ThrowIfFound();
        base.ThrowIfGone();
    }

    /// <inheritdoc/>
    public override bool AnswersNow()
    {
        _notices?.Look();
        return true;
    }

    // An old kernel, or a function without such an interrupt, refuses this.
    private bool ConnectNotice(int index, int eventDescriptor) =>
        TrySetInterrupts(index, IRQ_SET_ACTION_TRIGGER, [eventDescriptor]);

    private bool TrySetInterrupts(int index, uint action, ReadOnlySpan<int> eventDescriptors, int vectors = 1)
    {
        // Without data the count is the number of vectors; zero switches the kind off.
        bool hasData = !eventDescriptors.IsEmpty;
        int length = sizeof(irq_set) + eventDescriptors.Length * sizeof(int);
        byte* bytes = stackalloc byte[length];
        *(irq_set*)bytes = new()
        {
            argsz = (uint)length,
            flags = action | (hasData ? IRQ_SET_DATA_EVENTFD : IRQ_SET_DATA_NONE),
            index = (uint)index,
            count = (uint)(hasData ? eventDescriptors.Length : vectors),
        };
        eventDescriptors.CopyTo(new(bytes + sizeof(irq_set), eventDescriptors.Length));
        return Libc.ioctl(_fd, DEVICE_SET_IRQS, bytes) >= 0;
    }
}
