using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeClearedRegisters;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;

namespace Ixy.Ixgbe;

// Interrupt mode: a vector for every receive queue. No other cause is ever enabled: descriptors that were sent are
// looked at when there is more to send, and the link when somebody asks.
public sealed partial class IxgbeDevice
{
    private InterruptVectors? _vectors;

    // 4.6.6 Interrupt initialization, with MSI-X. The last of its steps, to enable the causes in EIMS, is for whoever
    // is about to sleep: see IxgbeReceiveQueue.Arm.
    private void SetUpInterrupts()
    {
        _vectors ??= _device.EnableInterrupts(InterruptKind.Msix, _options.ReceiveQueues);
        for (int i = 0; i < _vectors.Count; i += 2) _bar.Write32(IVAR[i / 2], VectorsOfPair(i));
        // 7.3.1.4: the message says what the cause is, so sending it clears the cause. Above the first 16 it always
        // does.
        Write(EIAC, EIAC_.Queues);
        // 7.3.1.5: and it masks the cause, so that a queue that is being emptied does not interrupt again.
        for (int i = 0; i < EIAM_EX.Count; i++) _bar.Write32(EIAM_EX[i], uint.MaxValue);
        // 7.3.2.1 Time-based interrupt throttling.
        uint interval = (uint)Math.Round(_options.InterruptInterval.TotalNanoseconds / EITR_.IntervalUnit);
        uint throttling = interval << EITR_.IntervalShift | EITR_.CounterWriteDisable;
        for (int i = 0; i < _vectors.Count; i++) _bar.Write32(EITR[i], throttling);
        // 8.2.3.5.18: several vectors; EIAM counts for messages; a cause that is enabled again sends a new one; and a
        // read of EICR leaves the queues' causes alone.
        Write(GPIE, GPIE_.MultipleMsix | GPIE_.OtherClearDisable | GPIE_.AutoMask | GPIE_.PbaSupport);
        for (int i = 0; i < _vectors.Count; i++)
            _receiveQueues[i].Interrupt ??= new QueueInterrupt(_device, _vectors[i]);
    }

    // 7.3.4: receive queue n has vector n, two queues in a register; transmit queues have none. The whole register:
    // what is in fields that are not valid yet may be anything.
    private uint VectorsOfPair(int first)
    {
        uint vectors = IVAR_.Valid | (uint)first;
        if (first + 1 < _vectors!.Count) vectors |= (IVAR_.Valid | (uint)(first + 1)) << IVAR_.QueueShift;
        return vectors;
    }
}
