using Ixy.Checks;
using Ixy.Metrics;

namespace Ixy;

// What is watched: open devices, by meters; queues, by checks and by metrics of their calls.
public abstract partial class NetworkDevice
{
    /// <summary>The open devices of this process: those the meters show.</summary>
    internal static IReadOnlyList<NetworkDevice> AllOpen => s_open;

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
        if (!WantsCalls()) return;
        ReceiveQueues = [.. ReceiveQueues.Select(queue => new CountingReceiveQueue(queue))];
        TransmitQueues = [.. TransmitQueues.Select(queue => new CountingTransmitQueue(queue))];
    }
}
