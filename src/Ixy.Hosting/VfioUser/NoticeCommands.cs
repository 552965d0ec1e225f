using Ixy.Hosting.Interop;
using Ixy.Hosting.Interrupts;
using Ixy.Vfio.VfioUser;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Hosting.VfioUser;

/// <summary>
/// DEVICE_SET_IRQS for the two kinds behind MSI-X, bus errors and requests to give the device back (linux/vfio.h). Each
/// has one event, and nothing to mask. One that is connected late is signalled at once if its notice stands already.
/// Used under the device's lock.
/// </summary>
internal sealed class NoticeCommands : IDisposable
{
    private readonly HostNotices _notices;
    private readonly EventDescriptors _events = new(2);

    internal NoticeCommands(PciFunctionModel model)
    {
        _notices = model.Notices;
        _notices.Given = notice =>
        {
            _events.Signal((int)notice);
            return _events.Has((int)notice);
        };
    }

    /// <summary>The command, of which flags, range and length of the data are checked.</summary>
    internal int Set(HostNotice kind, in irq_set set, ReadOnlySpan<byte> data, PassedDescriptors descriptors)
    {
        if ((set.flags & IRQ_SET_ACTION_TRIGGER) == 0 || set.start != 0) return Libc.EINVAL;
        if ((set.flags & IRQ_SET_DATA_EVENTFD) != 0)
            return set.count == 1 && descriptors.Count <= 1 ? Connect(kind, descriptors) : Libc.EINVAL;
        if (descriptors.Count > 0) return Libc.EINVAL;
        if (set.count == 0) return (set.flags & IRQ_SET_DATA_NONE) != 0 ? Disconnect(kind) : Libc.EINVAL;
        if (!_events.Has((int)kind)) return Libc.EINVAL;
        if (data.IsEmpty || data[0] != 0) _events.Signal((int)kind);
        return 0;
    }

    /// <summary>The client has left: nothing stands for the next one.</summary>
    public void Dispose()
    {
        _notices.Given = null;
        _notices.Forget();
        _events.Dispose();
    }

    private int Connect(HostNotice kind, PassedDescriptors descriptors)
    {
        if (descriptors.Count == 0) return Disconnect(kind);
        if (!EventDescriptors.IsEvent(descriptors.Peek(0))) return Libc.EINVAL;
        _events.Set((int)kind, descriptors.Take(0));
        if (_notices.Has(kind)) _events.Signal((int)kind);
        return 0;
    }

    private int Disconnect(HostNotice kind)
    {
        _events.Clear((int)kind);
        return 0;
    }
}
