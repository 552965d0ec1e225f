namespace Ixy.Vfio;

// What most drivers do without, and what only some transports have.
public abstract partial class PciDevice
{
    /// <summary>PCI class code: base class, subclass and interface in 24 bits (configuration offset 0x09).</summary>
    public uint ClassCode => ReadConfig(PciConfig.RevisionId, 4) >> 8;

    /// <summary>
    /// The device has left for good and every access to it fails, as when the server of a vfio-user device has ended.
    /// It is to be disposed. For any thread, and as cheap as a look at a variable.
    /// </summary>
    public virtual bool IsGone => false;

    /// <summary>
    /// Throws what made the device leave (<see cref="IsGone"/>). A loop that only polls memory would never learn of it:
    /// let another thread, or the loop itself now and then, ask here. For any thread.
    /// </summary>
    /// <exception cref="PciDeviceException">The device is gone; the message has the reason.</exception>
    public virtual void ThrowIfGone()
    {
        // Most devices stay.
    }

    private PciDeviceException HasNoEnd() => new($"{Name}: the list of capabilities in configuration space has no end");

    /// <summary>
    /// Resets the function: its registers are as after power-on, and its DMA and interrupts have stopped. The
    /// configuration header stays as it is.
    /// </summary>
    /// <exception cref="PciDeviceException">The function, or the transport, has no reset.</exception>
    public virtual void Reset() => throw new PciDeviceException($"{Name}: this transport cannot reset a function");
}
