// Exercise 7: sleep, and do not lose the first packet (60 minutes)
//
// A driver that looks at its ring all day uses a whole core, even when nothing arrives. With an interrupt it sleeps,
// and the card wakes it up. docs/tour/8-interrupts.md has more.
//
//     ./ixy grade 7
//
// The driver's loop, which the grader provides, takes frames with Receive until there is none, and then calls Sleep.
// That must return soon when a frame arrives: Receive must return it within 20 microseconds, or within 400 from a
// perverse card, which is late itself. While it sleeps it does nothing; while it is awake there are no interrupts.
//
// What the 82599 datasheet says, in our words:
//
// 7.3.1.2    A cause is a bit in EICR that may interrupt. Its bit in the mask lets it through: writing a 1 to EIMS
//            (0x00880) unmasks it, writing a 1 to EIMC (0x00888) masks it again; zeros change nothing.
//            A cause that is set while it is masked stays in EICR, and interrupts as soon as it is unmasked. But
//            clearing EICR, which a read does, forgets it.
// 7.3.4, 8.2.3.5.15
//            IVAR[0] (0x00900) says which cause a queue raises. Bits 7 to 0 are for receive queue 0: the number of the
//            cause, which is also that of its MSI-X vector, and bit 7, which says that this is valid. Use cause 0.
// 8.2.3.5.18 GPIE (0x00898): bit 4, Multiple_MSIX, is set if MSI-X is used, and so is bit 31, PBA_support.
// 7.3.1.4, 8.2.3.5.7
//            EIAC (0x00810): causes with a 1 here are cleared by their own message. Otherwise software has to clear
//            EICR, or the cause stays forever.
//
// So the order is: unmask the cause, look at the ring once more, and only then wait. A frame that arrived before that
// look is seen; one that arrives after it interrupts. Last, mask the cause again.
//
// What you have:  card.EnableInterrupts(InterruptKind.Msix) connects vector 0 and returns the vectors: use
//                 vectors[0]. new InterruptWaiter([vectors[0]]) waits for it: waiter.Wait(_fired, timeout) returns
//                 when it has fired, even if that was before the call, or when the time runs out. The ring is that of
//                 exercise 3.

using Ixy.Labs;
using Ixy.Vfio;
using Ixy.Vfio.Dma;

public sealed class SleepingReceiver : ISleepingReceiver
{
    private const uint EIAC = 0x00810, EIMS = 0x00880, EIMC = 0x00888, GPIE = 0x00898, IVAR0 = 0x00900;
    private const uint RDBAL = 0x01000, RDBAH = 0x01004, RDLEN = 0x01008, SRRCTL = 0x01014, RDT = 0x01018;
    private const uint RXDCTL = 0x01028, FCTRL = 0x05080;
    private const int RingSize = 64, BufferSize = 2048;

    private readonly DmaMemory _ring = Dma.Allocate(RingSize * 16), _buffers = Dma.Allocate(RingSize * BufferSize);
    private readonly InterruptVector[] _fired = new InterruptVector[1];
    private InterruptWaiter _waiter = null!;
    private ulong _buffersAddress;
    private PciBar _registers = null!;
    private int _next;

    public void Start(PciDevice card, PciBar registers)
    {
        _registers = registers;
        StartQueue(card);
        StartInterrupts(card);
        Given.OpenReceive(card, registers);
    }

    // Connects the vector to the queue. Its cause is still masked when this returns.
    private void StartInterrupts(PciDevice card)
    {
        // Hole 1: your code, in place of the next line.
        throw new NotDoneException(1);
    }

    // Returns when a frame is there, or the time runs out.
    public void Sleep(TimeSpan timeout)
    {
        // Hole 2: your code, in place of the next line.
        throw new NotDoneException(2);
    }

    private bool HasFrame() => (_ring.Words()[2 * _next + 1] & 1) != 0;

    public byte[]? Receive()
    {
        if (!HasFrame()) return null;
        int length = (int)(_ring.Words()[2 * _next + 1] >> 32 & 0xFFFF);
        byte[] frame = _buffers.Bytes().Slice(_next * BufferSize, length).ToArray();
        GiveToCard(_next);
        _registers.Write32(RDT, (uint)_next);
        _next = (_next + 1) % RingSize;
        return frame;
    }

    private void StartQueue(PciDevice card)
    {
        card.EnableBusMaster();
        Given.PrepareReceive(_registers);
        _buffersAddress = _buffers.DeviceAddress(card);
        for (int i = 0; i < RingSize; i++) GiveToCard(i);
        ulong address = _ring.DeviceAddress(card);
        _registers.Write32(RDBAL, (uint)address);
        _registers.Write32(RDBAH, (uint)(address >> 32));
        _registers.Write32(RDLEN, RingSize * 16);
        _registers.Write32(SRRCTL, BufferSize / 1024 | 1u << 25);
        _registers.Write32(FCTRL, 1u << 10);
        _registers.Write32(RXDCTL, 1u << 25);
        card.WaitUntil(() => (_registers.Read32(RXDCTL) & 1u << 25) != 0, TimeSpan.FromMilliseconds(100));
        _registers.Write32(RDT, RingSize - 1);
    }

    private void GiveToCard(int i)
    {
        var ring = _ring.Words();
        ring[2 * i] = _buffersAddress + (ulong)(i * BufferSize);
        ring[2 * i + 1] = 0;
    }
}
