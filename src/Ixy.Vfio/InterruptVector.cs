using Ixy.Vfio.Interop;

namespace Ixy.Vfio;

/// <summary>
/// One interrupt vector: an event descriptor (eventfd(2)) that counts how many times the device fired it. Wait for it
/// with an <see cref="InterruptWaiter"/>, alone or with others.
/// </summary>
public sealed unsafe class InterruptVector
{
    private readonly InterruptVectors _owner;

    internal InterruptVector(InterruptVectors owner, int index)
    {
        (_owner, Index) = (owner, index);
        EventDescriptor = Libc.eventfd(0, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC);
        if (EventDescriptor < 0)
            throw new PciDeviceException($"no event descriptor for interrupt vector {index}: {Libc.LastError()}");
    }

    /// <summary>The vector's number in the function, from 0.</summary>
    public int Index { get; }

    /// <summary>How many times the vector has fired, summed over all counts taken so far.</summary>
    public long Fired { get; private set; }

    /// <summary>The eventfd, for your own poll loop. Owned by this object.</summary>
    public int EventDescriptor { get; private set; }

    /// <summary>
    /// Masks the vector. What the device sends meanwhile stays pending, and fires once when the vector is unmasked. MSI
    /// and MSI-X have mask bits in the device, but not every function has those of MSI.
    /// </summary>
    /// <exception cref="InterruptsNotSupportedException">The function cannot mask this vector.</exception>
    /// <exception cref="ObjectDisposedException">The vectors were disposed.</exception>
    public void Mask() => _owner.SetMask(Index, masked: true);

    /// <summary>Unmasks the vector; also re-arms the interrupt line (INTx) after it has fired.</summary>
    /// <exception cref="InterruptsNotSupportedException">The function cannot mask this vector.</exception>
    /// <exception cref="ObjectDisposedException">The vectors were disposed.</exception>
    public void Unmask() => _owner.SetMask(Index, masked: false);

    /// <summary>How many times the vector has fired since the last call. Does not wait.</summary>
    /// <exception cref="ObjectDisposedException">The vectors were disposed.</exception>
    public long TakeCount()
    {
        ObjectDisposedException.ThrowIf(_owner.IsDisposed, this);
        ulong count = 0;
        if (Libc.read(EventDescriptor, &count, sizeof(ulong)) == sizeof(ulong))
        {
            Fired += (long)count;
            return (long)count;
        }
        return System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == Libc.EAGAIN
            ? 0
            : throw new PciDeviceException(
                $"the event descriptor of interrupt vector {Index} cannot be read: {Libc.LastError()}");
    }

    /// <summary>Wakes any thread waiting for the vector, as if it had fired. For any thread.</summary>
    public void Signal()
    {
        ulong one = 1;
        _ = Libc.write(EventDescriptor, &one, sizeof(ulong));
    }

    internal PciDevice Device => _owner.Device;

    internal void Close()
    {
        _ = Libc.close(EventDescriptor);
        EventDescriptor = -1;
    }
}
