using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

// 8.2.3.23 Statistics
public sealed partial class IxgbeDevice
{
    private const int FcsLength = 4;

    private DeviceStatistics _statistics;

    /// <inheritdoc/>
    // Every register is cleared by the read, so each value is what has come since the last one, whoever read that.
    public override DeviceStatistics ReadStatistics() => _device.Exclusively(AddStatistics);

    // A card that is stopped counts nothing meanwhile.
    internal override void TakeCounters()
    {
        if (_device.AnswersNow()) ReadStatistics();
    }

    private DeviceStatistics AddStatistics()
    {
        long missed = 0;
        for (int i = 0; i < MPC.Count; i++) missed += _bar.Read32(MPC[i]);
        for (int i = 0; i < QPRDC.Count; i++) missed += _bar.Read32(QPRDC[i]);
        // All queues count in the first of 16 counters, as long as nobody maps them elsewhere (RQSMR).
        long received = Read(QPRC), sent = Read(GPTC);
        // The low half latches the high one, so it is read first (8.2.3.23). Received bytes are without the FCS, which
        // is stripped; sent bytes are with it.
        long receivedBytes = Read(QBRC_L) | (long)Read(QBRC_H) << 32;
        long sentBytes = Read(GOTCL) | (long)Read(GOTCH) << 32;
        return _statistics = _statistics with
        {
            RxPackets = _statistics.RxPackets + received,
            RxBytes = _statistics.RxBytes + receivedBytes,
            TxPackets = _statistics.TxPackets + sent,
            TxBytes = _statistics.TxBytes + sentBytes - sent * FcsLength,
            RxMissed = _statistics.RxMissed + missed,
            RxCrcErrors = _statistics.RxCrcErrors + Read(CRCERRS),
            RxLengthErrors = _statistics.RxLengthErrors + Read(RLEC) + Read(RUC) + Read(ROC),
            RxDropped = _receiveQueues.Sum(queue => queue.Dropped),
            TxDropped = _transmitQueues.Sum(queue => queue.Dropped),
        };
    }
}
