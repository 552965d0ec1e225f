using System.Numerics;
using System.Runtime.CompilerServices;
using Ixy.Simulation.Pci;
using Ixy.Vfio.Interop;
using Ixy.Vfio.VfioUser;
using static Ixy.Vfio.Interop.Vfio;

namespace Ixy.Simulation.VfioUser;

/// <summary>
/// DEVICE_GET_IRQ_INFO and DEVICE_SET_IRQS: where the card's interrupts go. Connecting an event to a message enables the
/// kind and unmasks the vector, as with the kernel's VFIO: clients such as QEMU keep the MSI-X table to themselves. A client
/// that writes enable and mask bits of the card itself finds them obeyed too. Used under the card's lock.
/// </summary>
internal sealed class InterruptCommands : IInterruptTarget, IDisposable
{
    private const int Line = 0, Msi = 1, Msix = 2, Kinds = 3;
    private const uint DataBits = IRQ_SET_DATA_NONE | IRQ_SET_DATA_BOOL | IRQ_SET_DATA_EVENTFD;
    private const uint ActionBits = IRQ_SET_ACTION_MASK | IRQ_SET_ACTION_UNMASK | IRQ_SET_ACTION_TRIGGER;

    private readonly CardModel _card;
    private readonly PciInterrupts _interrupts;
    private readonly EventDescriptors[] _triggers = new EventDescriptors[Kinds];
    private readonly EventDescriptors[] _masks = new EventDescriptors[Kinds];
    private readonly EventDescriptors[] _unmasks = new EventDescriptors[Kinds];

    // The line masks itself when it has fired, until the client has dealt with it.
    private bool _lineAsserted, _lineMasked;

    internal InterruptCommands(CardModel card)
    {
        (_card, _interrupts) = (card, card.HostInterrupts);
        int[] counts = [1, _interrupts.Msi is null ? 0 : 1, _interrupts.Msix.Vectors];
        for (int kind = 0; kind < Kinds; kind++)
            (_triggers[kind], _masks[kind], _unmasks[kind]) = (new(counts[kind]), new(counts[kind]), new(counts[kind]));
        _card.InterruptTarget = this;
    }

    internal int GetInfo(Message message, Reply reply)
    {
        if (!message.TryRead(out irq_info info) || info.argsz < Unsafe.SizeOf<irq_info>() || info.index >= Protocol.NUM_IRQS) return Libc.EINVAL;
        info = new() { argsz = (uint)Unsafe.SizeOf<irq_info>(), index = info.index };
        // The kinds after MSI-X tell of errors on a bus and of requests to give the device back: there are none here.
        if (info.index < Kinds) info.count = (uint)_triggers[info.index].Count;
        if (info.count > 0) info.flags = IRQ_INFO_EVENTFD | IRQ_INFO_MASKABLE | (info.index == Line ? IRQ_INFO_AUTOMASKED : 0);
        reply.Add(info);
        return 0;
    }

    internal int Set(Message message)
    {
        if (!message.TryRead(out irq_set set)) return Libc.EINVAL;
        var data = message.Payload[Unsafe.SizeOf<irq_set>()..];
        uint kindOfData = set.flags & DataBits, action = set.flags & ActionBits;
        if (BitOperations.PopCount(kindOfData) != 1 || BitOperations.PopCount(action) != 1 || (set.flags & ~(DataBits | ActionBits)) != 0)
            return Libc.EINVAL;
        if (set.argsz < Unsafe.SizeOf<irq_set>() || set.index >= Kinds) return Libc.EINVAL;
        var descriptors = message.Descriptors;
        int kind = (int)set.index, count = _triggers[kind].Count;
        if (set.start > count || set.count > count - set.start) return Libc.EINVAL;
        if (data.Length != (kindOfData == IRQ_SET_DATA_BOOL ? set.count : 0)) return Libc.EINVAL;
        if (set.count == 0) return set.start == 0 && kindOfData == IRQ_SET_DATA_NONE && action == IRQ_SET_ACTION_TRIGGER && descriptors.Count == 0 ? Disable(kind) : Libc.EINVAL;
        if (kindOfData == IRQ_SET_DATA_EVENTFD) return Connect(kind, action, (int)set.start, (int)set.count, descriptors);
        if (descriptors.Count > 0) return Libc.EINVAL;
        if (action == IRQ_SET_ACTION_TRIGGER && _triggers[kind].IsEmpty) return Libc.EINVAL;
        for (int i = 0; i < set.count; i++)
        {
            if (kindOfData == IRQ_SET_DATA_NONE || data[i] != 0) Act(kind, action, (int)set.start + i);
        }
        return 0;
    }

    /// <summary>After a reset of the card: what was connected is enabled and unmasked again.</summary>
    internal void Restore()
    {
        (_lineAsserted, _lineMasked) = (false, false);
        foreach (int kind in (ReadOnlySpan<int>)[Msi, Msix])
        {
            for (int index = 0; index < _triggers[kind].Count; index++)
            {
                if (!_triggers[kind].Has(index)) continue;
                SetEnabled(kind, true);
                SetMask(kind, index, false);
            }
        }
    }

    void IInterruptTarget.Message(int vector)
    {
        int kind = _interrupts.Mode == InterruptMode.Msix ? Msix : Msi;
        _triggers[kind].Signal(vector);
    }

    void IInterruptTarget.Line(bool asserted)
    {
        _lineAsserted = asserted;
        FireLine();
    }

    /// <summary>Interrupts go nowhere any more; all descriptors are closed.</summary>
    public void Dispose()
    {
        _card.InterruptTarget = null;
        foreach (var descriptors in _triggers.Concat(_masks).Concat(_unmasks)) descriptors.Dispose();
    }

    private int Connect(int kind, uint action, int start, int count, PassedDescriptors descriptors)
    {
        // No descriptors at all take away what is there.
        bool disconnects = descriptors.Count == 0;
        if (!disconnects && descriptors.Count != count) return Libc.EINVAL;
        for (int i = 0; i < descriptors.Count; i++)
        {
            if (!EventDescriptors.IsEvent(descriptors.Peek(i))) return Libc.EINVAL;
        }
        // A function sends messages of one kind (PCI 3.0, 6.8.2).
        if (!disconnects && kind != Line && action == IRQ_SET_ACTION_TRIGGER && !_triggers[Msi + Msix - kind].IsEmpty) return Libc.EINVAL;
        var events = action == IRQ_SET_ACTION_TRIGGER ? _triggers[kind] : action == IRQ_SET_ACTION_MASK ? _masks[kind] : _unmasks[kind];
        for (int i = 0; i < count; i++)
        {
            if (disconnects) events.Clear(start + i);
            else events.Set(start + i, descriptors.Take(i));
        }
        if (action == IRQ_SET_ACTION_TRIGGER) Enable(kind, start, count, !disconnects);
        return 0;
    }

    private void Enable(int kind, int start, int count, bool connected)
    {
        if (kind == Line)
        {
            _lineMasked = false;
            FireLine();
            return;
        }
        for (int i = 0; i < count; i++)
        {
            if (connected || kind == Msix) SetMask(kind, start + i, !connected);
        }
        if (connected) SetEnabled(kind, true);
    }

    private int Disable(int kind)
    {
        for (int index = 0; index < _triggers[kind].Count; index++)
        {
            _triggers[kind].Clear(index);
            _masks[kind].Clear(index);
            _unmasks[kind].Clear(index);
            // As after power-on: masked in the MSI-X table, not in the MSI capability.
            SetMask(kind, index, kind == Msix);
        }
        if (kind != Line) SetEnabled(kind, false);
        return 0;
    }

    private void Act(int kind, uint action, int index)
    {
        if (action == IRQ_SET_ACTION_TRIGGER)
        {
            _triggers[kind].Signal(index);
            return;
        }
        bool masked = action == IRQ_SET_ACTION_MASK;
        (masked ? _masks : _unmasks)[kind].Signal(index);
        SetMask(kind, index, masked);
    }

    private void SetMask(int kind, int index, bool masked)
    {
        if (kind == Msix) _interrupts.Msix.SetMask(index, masked);
        else if (kind == Msi) _interrupts.Msi?.SetMask(masked);
        else
        {
            _lineMasked = masked;
            FireLine();
        }
    }

    private void SetEnabled(int kind, bool on)
    {
        if (kind == Msix) _interrupts.Msix.SetEnabled(on);
        else _interrupts.Msi?.SetEnabled(on);
    }

    private void FireLine()
    {
        if (!_lineAsserted || _lineMasked || !_triggers[Line].Has(0)) return;
        _lineMasked = true;
        _triggers[Line].Signal(0);
    }
}
