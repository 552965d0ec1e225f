using Ixy.Metrics;

namespace Ixy;

// Queues that are watched: checked ones, and those whose calls somebody wants counted.
public abstract partial class NetworkDevice
{
    // Only where somebody wants to watch: the queues of others cost what they cost.
    private void WrapQueues(bool areChecked)
    {
        if (areChecked)
        {
            ReceiveQueues = [.. ReceiveQueues.Select(
                (queue, i) => new CheckedReceiveQueue(queue, $"receive queue {i} of {Name}"))];
            TransmitQueues = [.. TransmitQueues.Select(
                (queue, i) => new CheckedTransmitQueue(queue, $"transmit queue {i} of {Name}"))];
        }
        if (!IxyMeter.WantsCalls) return;
        ReceiveQueues = [.. ReceiveQueues.Select(queue => new CountingReceiveQueue(queue))];
        TransmitQueues = [.. TransmitQueues.Select(queue => new CountingTransmitQueue(queue))];
    }
}
