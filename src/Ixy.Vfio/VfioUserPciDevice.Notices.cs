using Ixy.Vfio.Interrupts;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Vfio;

// A server can end at any time; before that it may ask for the device back, or report an error, as the kernel does.
public sealed unsafe partial class VfioUserPciDevice
{
    private readonly DeviceNotices? _notices;

    /// <inheritdoc/>
    public override bool IsGone => _connection.IsGone || _notices?.Found is not null || base.IsGone;

    /// <inheritdoc/>
    /// <exception cref="VfioUserDisconnectedException">The server is gone.</exception>
    /// <exception cref="DeviceRequestedException">The server wants the device back.</exception>
    public override void ThrowIfGone()
    {
        _connection.ThrowIfGone();
        _notices?.ThrowIfFound();
        base.ThrowIfGone();
    }

    /// <inheritdoc/>
    public override bool AnswersNow()
    {
        _notices?.Look();
        return _connection.AnswersWithin(milliseconds: 100);
    }

    // The specification leaves it to the server whether it has these two, and whether it takes descriptors at all.
    private bool ConnectNotice(int index, int eventDescriptor)
    {
        if (MostDescriptors == 0) return false;
        try
        {
            if (CountVectors((uint)index) == 0) return false;
            SetInterrupts(
                (uint)index, IRQ_SET_DATA_EVENTFD | IRQ_SET_ACTION_TRIGGER, start: 0, count: 1, [eventDescriptor]);
            return true;
        }
        catch (VfioUserRefusedException)
        {
            return false;
        }
    }
}
