using Ixy.Vfio;

namespace Ixy;

// Anew with the same card.
public abstract partial class NetworkDevice
{
    /// <summary>
    /// Resets the card and sets it up anew, with the same options, pools, filters, receive modes and MAC address. For a
    /// card that hangs, was reset or has met an error (<see cref="DeviceNeedsResetException"/>). The queues stay the
    /// same objects and count on, and packets of the application stay valid. Packets that were given to the card and
    /// not sent are dropped, and their buffers go back to their pools; frames that were received and not taken are
    /// lost. The link comes up again as after opening.
    /// </summary>
    /// <remarks>
    /// No thread may use a queue meanwhile, or sleep on one. If this throws, the card stands still (bus mastering is
    /// off), nothing was released, and it may be called again. After a reset of the whole PCI function by somebody
    /// else, which also clears MSI-X and base addresses, open the device again instead.
    /// </remarks>
    /// <exception cref="DeviceGoneException">The card does not answer, or the kernel asks for it back.</exception>
    /// <exception cref="DeviceTimeoutException">It does not reset, or a queue does not go on.</exception>
    /// <exception cref="FeatureNotOfferedException">A virtio device offers less than before.</exception>
    /// <exception cref="InvalidOperationException">A thread sleeps on a queue.</exception>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public void Restart()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        foreach (var queue in ReceiveQueues) queue.Interrupt?.ThrowIfSlept();
        // Nobody else reads the card until it is set up.
        lock (_counting) (_isOpen, _isDown) = (false, true);
        PciDevice.ForgetGone();
        try
        {
            // What the kernel wants back is not to be started again.
            PciDevice.ThrowIfGone();
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
        // Somebody may have asked a card that was just coming back.
        PciDevice.ForgetGone();
        _standing = null;
        Volatile.Write(ref _counted, 0);
        Interlocked.Increment(ref _restarts);
        lock (_counting) (_isOpen, _isDown) = (true, false);
    }

    /// <summary>Stops the card, and sets it up with the queues that are there.</summary>
    private protected abstract void StartAgain();
}
