using Ixy.Vfio;

namespace Ixy.Ixgbe;

// Set-up with the queues that are there.
public sealed partial class IxgbeDevice
{
    // Those of before, while the device is set up again.
    private OldQueues? _old;
    // What had been counted when it began; nothing in the first set-up.
    private DeviceStatistics _counted;

    private protected override void StartAgain()
    {
        // A reset of somebody else may have switched them off.
        _device.EnableBars();
        TakeLastCounters();
        Quiet();
        _old = new(_device, [.. _receiveQueues], [.. _transmitQueues]);
        _receiveQueues.Clear();
        _transmitQueues.Clear();
        try
        {
            SetUp();
        }
        finally
        {
            // All of them, also if it ended half-way.
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

    // What the card has counted until now; if it no longer says, what it had when it was asked last stays.
    private void TakeLastCounters()
    {
        try
        {
            _device.Exclusively(AddStatistics);
        }
        catch (PciDeviceException)
        {
            // Whether it is there shows in what follows.
        }
        _counted = _statistics;
    }

    private sealed class OldQueues(PciDevice device, ReceiveQueue[] receive, TransmitQueue[] transmit)
    {
        internal ReceiveQueue[] AllReceive => receive;

        internal TransmitQueue[] AllTransmit => transmit;

        /// <summary>Begins again with a receive queue.</summary>
        internal ReceiveQueue Receive(int index)
        {
            ((IRestartableQueue)receive[index]).Restart(device, index);
            return receive[index];
        }

        /// <summary>Begins again with a transmit queue.</summary>
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
    /// Begins again at the first descriptor, and tells the card all that it was told when the queue was made. The queue
    /// is off. Positions run on, so that counters do.
    /// </summary>
    void Restart(PciDevice device, int index);
}
