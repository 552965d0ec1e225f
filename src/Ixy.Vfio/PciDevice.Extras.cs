namespace Ixy.Vfio;

// Members most drivers do not need, or only some transports have.
public abstract partial class PciDevice
{
    private string? _goneReason;

    /// <summary>PCI class code: base class, subclass and interface in 24 bits (configuration offset 0x09).</summary>
    public uint ClassCode => ReadConfig(PciConfig.RevisionId, 4) >> 8;

    /// <summary>
    /// The device is gone and should be disposed. Every access to it fails, for example because a vfio-user server has
    /// ended, or reads as ones, because a card was pulled out; or the kernel or the server wants it back and is
    /// waiting (VFIO and vfio-user, after an unbind or unplug). For any thread, and as cheap as reading a variable.
    /// </summary>
    public virtual bool IsGone => Volatile.Read(ref _goneReason) is not null;

    /// <summary>
    /// Throws the reason why the device is gone, if it is (<see cref="IsGone"/>). A loop that only polls memory would
    /// never notice: call this now and then from the loop, or from another thread. For any thread.
    /// </summary>
    /// <exception cref="PciDeviceException">The device is gone; the message says why.</exception>
    public virtual void ThrowIfGone()
    {
        if (Volatile.Read(ref _goneReason) is { } reason) throw new DeviceGoneException(reason);
    }

    /// <summary>
    /// For a driver that has read all ones from a register that never holds them: nothing answers on the bus (PCI 3.0,
    /// 3.3.3.1). From now on <see cref="IsGone"/> is true. For any thread.
    /// </summary>
    /// <param name="found">What was read, and from where.</param>
    /// <returns>The exception to throw.</returns>
    public DeviceGoneException MarkGone(string found)
    {
        Volatile.Write(ref _goneReason,
            $"{Name} no longer answers: {found}; was it pulled out, or has it lost its power? Dispose it, and open it "
            + $"again when '{IxyCommand.Name} list' shows it");
        return new(_goneReason!);
    }

    /// <summary>For a driver that is about to check whether the device is back.</summary>
    public void ForgetGone() => Volatile.Write(ref _goneReason, null);

    private PciDeviceException HasNoEnd() => new($"{Name}: the list of capabilities in configuration space has no end");

    /// <summary>
    /// Resets the function: its registers are as after power-on, and its DMA and interrupts have stopped. The
    /// configuration header is kept.
    /// </summary>
    /// <exception cref="PciDeviceException">The function or the transport does not support reset.</exception>
    public virtual void Reset() => throw new PciDeviceException($"{Name}: this transport cannot reset a function");
}
