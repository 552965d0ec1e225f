using Ixy.Metrics;

namespace Ixy;

// Wraps queues that are watched: checked ones, and those with metrics.
public abstract partial class NetworkDevice
{
    // Only on request: other queues pay nothing.
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
