using Ixy.Vfio;

namespace Ixy;

// Starting over with the same card.
public abstract partial class NetworkDevice
{
    /// <summary>
    /// Resets the card and sets it up again, with the same options, pools, filters, receive modes and MAC address. Use
    /// it for a card that hangs, was reset or has met an error (<see cref="DeviceNeedsResetException"/>). The queues
    /// stay the same objects, their counters continue, and the application's packets stay valid. Packets given to the
    /// card but not sent are dropped, and their buffers go back to their pools; frames received but not taken are lost.
    /// The link comes up again as after opening.
    /// </summary>
    /// <remarks>
    /// No thread may use a queue or sleep on one meanwhile. If this throws, the card is stopped (bus mastering is off),
    /// nothing was released, and it may be called again; but a card that the host wants back runs as before. After
    /// someone else reset the whole PCI function, which also clears MSI-X and base addresses, open the device again
    /// instead.
    /// </remarks>
    /// <exception cref="DeviceGoneException">The card does not answer, or the kernel wants it back.</exception>
    /// <exception cref="DeviceTimeoutException">It does not reset, or a queue does not restart.</exception>
    /// <exception cref="FeatureNotOfferedException">A virtio device offers less than before.</exception>
    /// <exception cref="InvalidOperationException">A thread sleeps on a queue.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public void Restart()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        foreach (var queue in ReceiveQueues) queue.Interrupt?.ThrowIfSlept();
        lock (_counting)
        {
            PciDevice.ForgetGone();
            // A card that the host wants back runs as before, with its rings, until it is closed.
            PciDevice.ThrowIfGone();
            // Nothing else may read the card until it is set up.
            (_isOpen, _isDown) = (false, true);
        }
        try
        {
            StartAgain();
        }
        catch
        {
            try
            {
                PciDevice.InTurn(PciDevice.DisableBusMaster);
            }
            finally
            {
                lock (_counting) _isDown = false;
            }
            throw;
        }
        // Another thread may have checked the card just as it was coming back.
        PciDevice.ForgetGone();
        _standing = null;
        Volatile.Write(ref _counted, 0);
        Interlocked.Increment(ref _restarts);
        lock (_counting) (_isOpen, _isDown) = (true, false);
    }

    /// <summary>Stops the card, and sets it up with the existing queues.</summary>
    private protected abstract void StartAgain();
}
