using System.Numerics;
using System.Runtime.CompilerServices;
using Ixy.Hosting.Interop;
using Ixy.Hosting.Interrupts;
using Ixy.Vfio.VfioUser;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Hosting.VfioUser;

/// <summary>
/// DEVICE_GET_IRQ_INFO and DEVICE_SET_IRQS: where the device's interrupts go. Connecting an event to a message enables
/// the kind and unmasks the vector, as with the kernel's VFIO: clients such as QEMU keep the MSI-X table to themselves.
/// If a client writes the device's enable and mask bits itself, they take effect as well. The kinds behind MSI-X, for
/// bus errors and requests, are those of <see cref="NoticeCommands"/>. Used under the device's lock.
/// </summary>
internal sealed class InterruptCommands : IDisposable
{
    private const int Line = InterruptEvents.Line, Msi = InterruptEvents.Msi, Msix = InterruptEvents.Msix,
        Kinds = InterruptEvents.Kinds;
    private const uint DataBits = IRQ_SET_DATA_NONE | IRQ_SET_DATA_BOOL | IRQ_SET_DATA_EVENTFD;
    private const uint ActionBits = IRQ_SET_ACTION_MASK | IRQ_SET_ACTION_UNMASK | IRQ_SET_ACTION_TRIGGER;

    private readonly InterruptEvents _events;
    private readonly NoticeCommands _notices;
    private readonly EventDescriptors[] _masks = new EventDescriptors[Kinds];
    private readonly EventDescriptors[] _unmasks = new EventDescriptors[Kinds];

    internal InterruptCommands(PciFunctionModel model)
    {
        (_events, _notices) = (new(model), new(model));
        for (int kind = 0; kind < Kinds; kind++)
            (_masks[kind], _unmasks[kind]) = (new(_events.Count(kind)), new(_events.Count(kind)));
    }

    internal int GetInfo(Message message, Reply reply)
    {
        if (!message.TryRead(out irq_info info) || info.argsz < Unsafe.SizeOf<irq_info>()
            || info.index >= Protocol.NUM_IRQS) return Libc.EINVAL;
        info = new() { argsz = (uint)Unsafe.SizeOf<irq_info>(), index = info.index };
        info.count = (uint)Count(info.index);
        if (info.count > 0)
            info.flags = IRQ_INFO_EVENTFD | (info.index < Kinds ? IRQ_INFO_MASKABLE : 0)
                | (info.index == Line ? IRQ_INFO_AUTOMASKED : 0);
        reply.Add(info);
        return 0;
    }

    internal int Set(Message message)
    {
        if (!message.TryRead(out irq_set set)) return Libc.EINVAL;
        var data = message.Payload[Unsafe.SizeOf<irq_set>()..];
        uint kindOfData = set.flags & DataBits, action = set.flags & ActionBits;
        if (BitOperations.PopCount(kindOfData) != 1 || BitOperations.PopCount(action) != 1
            || (set.flags & ~(DataBits | ActionBits)) != 0)
            return Libc.EINVAL;
        if (set.argsz < Unsafe.SizeOf<irq_set>() || set.index >= Protocol.NUM_IRQS) return Libc.EINVAL;
        var descriptors = message.Descriptors;
        int kind = (int)set.index, count = Count(set.index);
        if (set.start > count || set.count > count - set.start) return Libc.EINVAL;
        if (data.Length != (kindOfData == IRQ_SET_DATA_BOOL ? set.count : 0)) return Libc.EINVAL;
        if (kind >= Kinds) return _notices.Set((HostNotice)(kind - Kinds), set, data, descriptors);
        if (set.count == 0)
            return set.start == 0 && kindOfData == IRQ_SET_DATA_NONE && action == IRQ_SET_ACTION_TRIGGER
            && descriptors.Count == 0 ? Disable(kind) : Libc.EINVAL;
        if (kindOfData == IRQ_SET_DATA_EVENTFD)
            return Connect(kind, action, (int)set.start, (int)set.count, descriptors);
        if (descriptors.Count > 0) return Libc.EINVAL;
        if (action == IRQ_SET_ACTION_TRIGGER && _events.IsEmpty(kind)) return Libc.EINVAL;
        for (int i = 0; i < set.count; i++)
        {
            if (kindOfData == IRQ_SET_DATA_NONE || data[i] != 0) Act(kind, action, (int)set.start + i);
        }
        return 0;
    }

    /// <summary>After a reset of the device: enables and unmasks again what was connected.</summary>
    internal void Restore() => _events.Restore();

    /// <summary>Disconnects all interrupts, and closes all descriptors.</summary>
    public void Dispose()
    {
        _notices.Dispose();
        _events.Dispose();
        foreach (var descriptors in _masks.Concat(_unmasks)) descriptors.Dispose();
    }

    // Behind MSI-X there are two with one vector each.
    private int Count(uint index) => index < Kinds ? _events.Count((int)index) : 1;

    private int Connect(int kind, uint action, int start, int count, PassedDescriptors descriptors)
    {
        // No descriptors at all: remove the existing ones.
        bool disconnects = descriptors.Count == 0;
        if (!disconnects && descriptors.Count != count) return Libc.EINVAL;
        for (int i = 0; i < descriptors.Count; i++)
        {
            if (!EventDescriptors.IsEvent(descriptors.Peek(i))) return Libc.EINVAL;
        }
        // A function sends messages of only one kind (PCI 3.0, 6.8.2).
        if (!disconnects && kind != Line && action == IRQ_SET_ACTION_TRIGGER && !_events.IsEmpty(Msi + Msix - kind))
            return Libc.EINVAL;
        for (int i = 0; i < count; i++)
            Store(kind, action, start + i, disconnects ? EventDescriptors.None : descriptors.Take(i));
        if (action == IRQ_SET_ACTION_TRIGGER) _events.Enable(kind, start, count, !disconnects);
        return 0;
    }

    private void Store(int kind, uint action, int index, int descriptor)
    {
        if (action == IRQ_SET_ACTION_TRIGGER) _events.Set(kind, index, descriptor);
        else (action == IRQ_SET_ACTION_MASK ? _masks : _unmasks)[kind].Set(index, descriptor);
    }

    private int Disable(int kind)
    {
        for (int index = 0; index < _events.Count(kind); index++)
        {
            _masks[kind].Clear(index);
            _unmasks[kind].Clear(index);
        }
        _events.Disable(kind);
        return 0;
    }

    private void Act(int kind, uint action, int index)
    {
        if (action == IRQ_SET_ACTION_TRIGGER)
        {
            _events.Signal(kind, index);
            return;
        }
        bool masked = action == IRQ_SET_ACTION_MASK;
        (masked ? _masks : _unmasks)[kind].Signal(index);
        _events.SetMask(kind, index, masked);
    }
}
