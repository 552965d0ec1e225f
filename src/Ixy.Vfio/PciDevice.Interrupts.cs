namespace Ixy.Vfio;

/// <summary>Interrupts, the same for every transport: one event descriptor (eventfd) per vector.</summary>
public abstract partial class PciDevice
{
    /// <summary>How many vectors of a kind the function has; 0 if none.</summary>
    /// <exception cref="InterruptsNotSupportedException">The transport has no interrupts at all.</exception>
    public virtual int CountInterruptVectors(InterruptKind kind) =>
        throw new InterruptsNotSupportedException($"{Name}: this transport has no interrupts: poll instead");

    /// <summary>
    /// Connects the first vectors of a kind, unmasked, each to an event descriptor. Only one kind can be connected at a
    /// time: dispose the vectors before the next call.
    /// </summary>
    /// <param name="kind">INTx, MSI or MSI-X.</param>
    /// <param name="count">1 up to <see cref="CountInterruptVectors"/>; the device may use no others.</param>
    /// <exception cref="InterruptsNotSupportedException">
    /// The transport has no interrupts, or the function not that many.
    /// </exception>
    /// <exception cref="InvalidOperationException">Vectors are already connected.</exception>
    /// <exception cref="PciDeviceException">The kernel refused.</exception>
    public InterruptVectors EnableInterrupts(InterruptKind kind, int count = 1)
    {
        int available = CountInterruptVectors(kind);
        if (count < 1 || count > available)
            throw new InterruptsNotSupportedException(
                $"{Name} has {available} {kind} vectors, and {count} were asked for: expected 1 to {available}");
        if (_interrupts is { IsDisposed: false })
            throw new InvalidOperationException(
                $"{Name}: {_interrupts.Kind} vectors are connected: dispose them first");
        return _interrupts = new(this, kind, count);
    }

    /// <summary>
    /// Connects event descriptors to the vectors 0, 1, … and unmasks them. Never called for more than the function has.
    /// </summary>
    /// <exception cref="PciDeviceException">The transport refused.</exception>
    protected internal virtual void ConnectInterrupts(InterruptKind kind, ReadOnlySpan<int> eventDescriptors) =>
        CountInterruptVectors(kind);

    /// <summary>Undoes <see cref="ConnectInterrupts"/>: no descriptor is signalled after this returns.</summary>
    /// <exception cref="PciDeviceException">The transport refused.</exception>
    protected internal virtual void DisconnectInterrupts(InterruptKind kind) => CountInterruptVectors(kind);

    /// <summary>
    /// Masks or unmasks the interrupt line. MSI and MSI-X have their own mask bits, the same on every transport.
    /// </summary>
    /// <exception cref="PciDeviceException">The transport refused.</exception>
    protected internal virtual void MaskInterruptLine(bool masked) => CountInterruptVectors(InterruptKind.Intx);
}
