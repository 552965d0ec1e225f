using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

// 8.2.3.23 Statistics
public sealed partial class IxgbeDevice
{
    // Byte counters overflow first: 36 bits after 55 s at 10 Gbit/s; 32 bits of the shortest packets last 288 s.
    // Simulated cards can be ten times as fast.
    internal static readonly TimeSpan CounterInterval = TimeSpan.FromSeconds(2);

    private const int FcsLength = 4;

    private DeviceStatistics _statistics;
    private ITimer? _counterTimer;

    /// <inheritdoc/>
    // Reading clears the register, so each value is the count since the last read, whoever did it.
    public override DeviceStatistics ReadStatistics() => _isDown ? _statistics : _device.Exclusively(AddStatistics);

    // A timer must not declare a card lost that is only stopped; it counts nothing anyway.
    private void TakeCounters() => _ = _device.AnswersNow() ? ReadStatistics() : default;

    private void StartCounterTimer() => _counterTimer =
        _device.Clock.CreateTimer(_ => WhileOpen(TakeCounters), null, CounterInterval, CounterInterval);

    private DeviceStatistics AddStatistics()
    {
        long missed = 0;
        for (int i = 0; i < MPC.Count; i++) missed += _bar.Read32(MPC[i]);
        for (int i = 0; i < QPRDC.Count; i++) missed += _bar.Read32(QPRDC[i]);
        // All queues use the first of 16 counters, as long as nobody maps them elsewhere (RQSMR).
        long received = Read(QPRC), sent = Read(GPTC);
        // The low half latches the high one, so it is read first (8.2.3.23). Received bytes exclude the FCS, which is
        // stripped; sent bytes include it.
        long receivedBytes = Read(QBRC_L) | (long)Read(QBRC_H) << 32;
        long sentBytes = Read(GOTCL) | (long)Read(GOTCH) << 32;
        return _statistics = IsFromNobody(sent) ? throw Gone() : _statistics with
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
