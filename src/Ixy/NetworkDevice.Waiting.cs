namespace Ixy;

public abstract partial class NetworkDevice
{
    /// <summary>
    /// Receives from the first queue, waiting for packets; see
    /// <see cref="ReceiveQueue.Receive(Span{Packet}, TimeSpan)"/>.
    /// </summary>
    public int Receive(Span<Packet> batch, TimeSpan timeout) => _receiveQueue.Receive(batch, timeout);
}
