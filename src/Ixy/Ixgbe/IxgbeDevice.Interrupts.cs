using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;

namespace Ixy.Ixgbe;

// Interrupt mode: one vector per receive queue. No other cause is ever enabled: sent descriptors are reclaimed when
// there is more to send, and the link is read on request.
public sealed partial class IxgbeDevice
{
    private InterruptVectors? _vectors;

    // 4.6.6 Interrupt initialization, with MSI-X. Its last step, enabling the causes in EIMS, is left to the thread
    // that is about to sleep: see IxgbeReceiveQueue.Arm.
    private void SetUpInterrupts()
    {
        _vectors ??= _device.EnableInterrupts(InterruptKind.Msix, _options.ReceiveQueues);
        for (int i = 0; i < _vectors.Count; i += 2) _bar.Write32(IVAR[i / 2], VectorsOfPair(i));
        // 7.3.1.4: the message identifies the cause, so sending it clears the cause. Causes above the first 16 always
        // do so.
        Write(EIAC, EIAC_.Queues);
        // 7.3.1.5: it also masks the cause, so a queue that is being emptied does not interrupt again.
        for (int i = 0; i < EIAM_EX.Count; i++) _bar.Write32(EIAM_EX[i], uint.MaxValue);
        // 7.3.2.1 Time-based interrupt throttling.
        uint interval = (uint)Math.Round(_options.InterruptInterval.TotalNanoseconds / EITR_.IntervalUnit);
        uint throttling = interval << EITR_.IntervalShift | EITR_.CounterWriteDisable;
        for (int i = 0; i < _vectors.Count; i++) _bar.Write32(EITR[i], throttling);
        // 8.2.3.5.18: several vectors; EIAM applies to messages; a cause that is enabled again sends a new one; and
        // reading EICR leaves the queues' causes alone.
        Write(GPIE, GPIE_.MultipleMsix | GPIE_.OtherClearDisable | GPIE_.AutoMask | GPIE_.PbaSupport);
        for (int i = 0; i < _vectors.Count; i++)
        {
            var (register, bit) = (EIMS_EX[i / 32], 1u << i % 32);
            _receiveQueues[i].Interrupt ??= new(_device, _vectors[i], () => _bar.Write32(register, bit));
        }
    }

    // 7.3.4: receive queue n uses vector n, two queues per register; transmit queues use none. Writes the whole
    // register: fields not marked valid may hold anything.
    private uint VectorsOfPair(int first)
    {
        uint vectors = IVAR_.Valid | (uint)first;
        if (first + 1 < _vectors!.Count) vectors |= (IVAR_.Valid | (uint)(first + 1)) << IVAR_.QueueShift;
        return vectors;
    }
}
