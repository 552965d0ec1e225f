// Exercise 3: receive (90 minutes)
//
// The card writes frames into buffers that you give it in a ring of descriptors, and says in the descriptor when it
// has done so. docs/tour/5-receive-ring.md has a picture.
//
//     ./ixy grade 3
//
// What the 82599 datasheet says, in our words:
//
// 7.1.6      A descriptor has two 64-bit words. On the way to the card, word 0 is the address of an empty buffer and
//            word 1 is 0. The card overwrites both when a frame is in the buffer. Word 1 is then:
//              bit 0          DD, descriptor done: the card is done with this descriptor
//              bit 1          EOP: the frame ends in this buffer; it always does here
//              bits 47 to 32  the length of the frame in bytes
//            Word 0 is then a report that we do not need, and the address is gone. Before the card gets the descriptor
//            again, write the address again, and 0 into word 1, or the old DD will look like a new frame.
// 7.1.9      The card owns the descriptors from the head (RDH) up to the one before the tail (RDT); the others are
//            yours. If head and tail are equal, it owns none, and frames are lost. So of N descriptors it can have at
//            most N - 1. Head and tail go from 0 to N - 1, and then start at 0 again.
// 4.6.7.1    To start queue 0, in this order:
//              1. all descriptors get a buffer
//              2. RDBAL (0x01000) and RDBAH (0x01004): low and high half of the ring's address; RDLEN (0x01008): its
//                 length in bytes, a multiple of 128
//              3. SRRCTL (0x01014): bits 4 to 0 are the size of a buffer in KiB; bits 27 to 25 are 1: advanced
//                 descriptors with one buffer
//              4. RXDCTL (0x01028): bit 25, ENABLE, is set; then wait until it reads as 1, for which
//                 TimeSpan.FromMilliseconds(100) is enough
//              5. RDT (0x01018): the tail. Not earlier
// 8.2.3.7.1  FCTRL (0x05080) says which frames are accepted besides those to the card's own address: bit 10 accepts
//            broadcast. It must not change while the card receives, so set it before Given.OpenReceive.
// PCI 3.0    The card may access memory only as a bus master: PciDevice.EnableBusMaster().
//
// What you have:  PciBar.Read32(offset) and Write32(offset, value). Dma.Allocate(bytes) gives memory that the card can
//                 reach, aligned to 4096 bytes. memory.Words() are its 64-bit words and memory.Bytes() its bytes
//                 (Span<ulong> and Span<byte>); memory.DeviceAddress(card) is the card's address of its first byte.
//                 span.Slice(start, length).ToArray() copies. card.WaitUntil(() => condition, timeout) waits. Reset and
//                 link are done; Given.PrepareReceive and Given.OpenReceive do the rest of 4.6.7.

using Ixy.Labs;
using Ixy.Vfio;
using Ixy.Vfio.Dma;

public sealed class Receiver : IReceiver
{
    private const uint RDBAL = 0x01000, RDBAH = 0x01004, RDLEN = 0x01008, SRRCTL = 0x01014, RDT = 0x01018;
    private const uint RXDCTL = 0x01028, FCTRL = 0x05080;
    private const int RingSize = 64, BufferSize = 2048;

    // Descriptor i has words 2 * i and 2 * i + 1 of the ring, and the 2048 bytes from i * 2048 on of the buffers.
    private readonly DmaMemory _ring = Dma.Allocate(RingSize * 16), _buffers = Dma.Allocate(RingSize * BufferSize);
    private ulong _ringAddress, _buffersAddress;
    private PciBar _registers = null!;

    // The descriptor to look at next.
    private int _next;

    public void Start(PciDevice card, PciBar registers)
    {
        _registers = registers;
        _ringAddress = _ring.DeviceAddress(card);
        _buffersAddress = _buffers.DeviceAddress(card);
        Given.PrepareReceive(registers);
        StartQueue(card);
        Given.OpenReceive(card, registers);
    }

    private void StartQueue(PciDevice card)
    {
        // Hole 1: your code, in place of the next line.
        throw new NotDoneException(1);
    }

    // The next frame that has arrived, null if there is none. Does not wait.
    public byte[]? Receive()
    {
        // Hole 2: your code, in place of the next line.
        throw new NotDoneException(2);
    }

    // Yours, if it helps: writes descriptor i for the card.
    private void GiveToCard(int i)
    {
        // Hole 3: your code, in place of the next line.
        throw new NotDoneException(3);
    }
}
