using Ixy.Vfio;

namespace Ixy.Ixgbe;

// Sets the card up again with the existing queues.
public sealed partial class IxgbeDevice
{
    // The queues from before, while the device is being set up again.
    private OldQueues? _old;

    private protected override void StartAgain()
    {
        // A reset by someone else may have switched them off.
        _device.EnableBars();
        TakeLastCounters();
        Quiesce();
        _device.DisableBusMaster();
        _old = new(_device, [.. _receiveQueues], [.. _transmitQueues]);
        _receiveQueues.Clear();
        _transmitQueues.Clear();
        try
        {
            SetUp();
        }
        finally
        {
            // All of them, even if the set-up stopped half-way.
            _receiveQueues.Clear();
            _transmitQueues.Clear();
            _receiveQueues.AddRange(_old.AllReceive);
            _transmitQueues.AddRange(_old.AllTransmit);
            _old = null;
        }
        RestoreFilters();
        _hasMemoryError = false;
        StartCounterTimer();
    }

    // What the card has counted so far; if it no longer answers, the last values read stay.
    private void TakeLastCounters()
    {
        try
        {
            _device.Exclusively(AddStatistics);
        }
        catch (PciDeviceException)
        {
            // If the card is gone, the next steps will show it.
        }
        _counted = _statistics;
    }

    private sealed class OldQueues(PciDevice device, ReceiveQueue[] receive, TransmitQueue[] transmit)
    {
        internal ReceiveQueue[] AllReceive => receive;

        internal TransmitQueue[] AllTransmit => transmit;

        /// <summary>Starts over with a receive queue.</summary>
        internal ReceiveQueue Receive(int index)
        {
            ((IRestartableQueue)receive[index]).Restart(device, index);
            return receive[index];
        }

        /// <summary>Starts over with a transmit queue.</summary>
        internal TransmitQueue Transmit(int index)
        {
            ((IRestartableQueue)transmit[index]).Restart(device, index);
            return transmit[index];
        }
    }
}

/// <summary>A queue of a card that was reset.</summary>
internal interface IRestartableQueue
{
    /// <summary>
    /// Starts over at the first descriptor and programs the card as when the queue was created. The queue is disabled.
    /// Positions keep running, so counters continue.
    /// </summary>
    void Restart(PciDevice device, int index);
}
