namespace Ixy.Vfio;

// What most drivers do without, and what only some transports have.
public abstract partial class PciDevice
{
    private string? _goneReason;

    /// <summary>PCI class code: base class, subclass and interface in 24 bits (configuration offset 0x09).</summary>
    public uint ClassCode => ReadConfig(PciConfig.RevisionId, 4) >> 8;

    /// <summary>
    /// The device has left and every access to it fails, as when the server of a vfio-user device has ended, or reads
    /// as ones, as when a card was pulled out; or the kernel asks for it back, and waits (VFIO, at an unbind or
    /// unplug). It is to be disposed. For any thread, and as cheap as a look at a variable.
    /// </summary>
    public virtual bool IsGone => Volatile.Read(ref _goneReason) is not null;

    /// <summary>
    /// Throws what made the device leave (<see cref="IsGone"/>). A loop that only polls memory would never learn of it:
    /// let another thread, or the loop itself now and then, ask here. For any thread.
    /// </summary>
    /// <exception cref="PciDeviceException">The device is gone; the message has the reason.</exception>
    public virtual void ThrowIfGone()
    {
        if (Volatile.Read(ref _goneReason) is { } reason) throw new DeviceGoneException(reason);
    }

    /// <summary>
    /// For its driver, which has read ones from a register that never holds them: nobody answers on the bus (PCI 3.0,
    /// 3.3.3.1). From now on <see cref="IsGone"/> is true. For any thread.
    /// </summary>
    /// <param name="found">What was read, and from where.</param>
    /// <returns>The exception to throw.</returns>
    public DeviceGoneException MarkGone(string found)
    {
        Volatile.Write(ref _goneReason,
            $"{Name} no longer answers: {found}; was it pulled out, or has it lost its power? Dispose it, and open it "
            + "again when 'ixy list' shows it");
        return new(_goneReason!);
    }

    /// <summary>For a driver that is about to look whether the device is back.</summary>
    public void ForgetGone() => Volatile.Write(ref _goneReason, null);

    private PciDeviceException HasNoEnd() => new($"{Name}: the list of capabilities in configuration space has no end");

    /// <summary>
    /// Resets the function: its registers are as after power-on, and its DMA and interrupts have stopped. The
    /// configuration header stays as it is.
    /// </summary>
    /// <exception cref="PciDeviceException">The function, or the transport, has no reset.</exception>
    public virtual void Reset() => throw new PciDeviceException($"{Name}: this transport cannot reset a function");
}
