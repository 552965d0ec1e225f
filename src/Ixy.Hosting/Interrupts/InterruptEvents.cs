using Ixy.Hosting.Pci;
using Ixy.Vfio;

namespace Ixy.Hosting.Interrupts;

/// <summary>
/// The host's end of a device's interrupts: an event descriptor for each vector of each kind. Connecting one to a
/// message enables the kind and unmasks the vector, as the kernel's VFIO does. Used under the device's lock.
/// </summary>
internal sealed class InterruptEvents : IInterruptTarget, IDisposable
{
    internal const int Line = (int)InterruptKind.Intx, Msi = (int)InterruptKind.Msi, Msix = (int)InterruptKind.Msix,
        Kinds = 3;

    private readonly PciFunctionModel _model;
    private readonly PciInterrupts _interrupts;
    private readonly EventDescriptors[] _triggers = new EventDescriptors[Kinds];

    // The line masks itself when it fires, until the host has handled it.
    private bool _lineAsserted, _lineMasked;

    internal InterruptEvents(PciFunctionModel model)
    {
        (_model, _interrupts) = (model, model.HostInterrupts);
        int[] counts = [1, _interrupts.Msi is null ? 0 : 1, _interrupts.Msix.Vectors];
        for (int kind = 0; kind < Kinds; kind++) _triggers[kind] = new(counts[kind]);
        _model.InterruptTarget = this;
    }

    /// <summary>Called whenever a vector fires, whether or not it is connected.</summary>
    internal Action? Fired { get; init; }

    /// <summary>How many vectors a kind has.</summary>
    internal int Count(int kind) => _triggers[kind].Count;

    /// <summary>No vector of a kind is connected.</summary>
    internal bool IsEmpty(int kind) => _triggers[kind].IsEmpty;

    /// <summary>
    /// Stores a vector's descriptor, owned from now on, or <see cref="EventDescriptors.None"/>; call
    /// <see cref="Enable"/> afterwards.
    /// </summary>
    internal void Set(int kind, int index, int descriptor) => _triggers[kind].Set(index, descriptor);

    /// <summary>Fires a vector on behalf of the device.</summary>
    internal void Signal(int kind, int index)
    {
        _model.Observer?.Interrupted((InterruptKind)kind, index);
        _triggers[kind].Signal(index);
        Fired?.Invoke();
    }

    /// <summary>
    /// Call after vectors were connected, to enable the kind and unmask them, or after they were disconnected.
    /// </summary>
    internal void Enable(int kind, int start, int count, bool connected)
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
        if (!connected) return;
        // Only one kind may be enabled at a time, and the previous driver may have left another one.
        int other = kind == Msix ? Msi : Msix;
        if (IsEmpty(other)) SetEnabled(other, false);
        SetEnabled(kind, true);
    }

    /// <summary>Disconnects all vectors of a kind, and disables it.</summary>
    internal void Disable(int kind)
    {
        for (int index = 0; index < _triggers[kind].Count; index++)
        {
            _triggers[kind].Clear(index);
            // As after power-on: masked in the MSI-X table, but not in the MSI capability.
            SetMask(kind, index, kind == Msix);
        }
        if (kind != Line) SetEnabled(kind, false);
    }

    /// <summary>Masks or unmasks a vector in the device's mask bit; the line has its mask bit here.</summary>
    internal void SetMask(int kind, int index, bool masked)
    {
        if (kind == Msix) _interrupts.Msix.SetMask(index, masked);
        else if (kind == Msi) _interrupts.Msi?.SetMask(masked);
        else
        {
            _lineMasked = masked;
            FireLine();
        }
    }

    /// <summary>After a reset of the device: enables and unmasks again what was connected.</summary>
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
        Signal(kind, vector);
    }

    void IInterruptTarget.Line(bool asserted)
    {
        _lineAsserted = asserted;
        FireLine();
    }

    /// <summary>Disconnects all interrupts, and closes all descriptors.</summary>
    public void Dispose()
    {
        _model.InterruptTarget = null;
        foreach (var descriptors in _triggers) descriptors.Dispose();
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
        Signal(Line, 0);
    }
}
