// Exercise 4: transmit (60 minutes)
//
// Descriptors of a transmit ring say where a frame is and how long it is. The card reads them up to the tail, sends
// the frames, and writes a bit back when a descriptor is yours again. docs/tour/6-transmit-ring.md has a picture.
//
//     ./ixy grade 4
//
// What the 82599 datasheet says, in our words:
//
// 7.2.3.2.4  An advanced data descriptor has two 64-bit words. Word 0 is the address of the frame. Word 1:
//              bits 15 to 0    DTALEN: bytes of the frame in this buffer
//              bits 23 to 20   DTYP: 3, a data descriptor
//              bit 24          EOP: the frame ends here; for us, always
//              bit 25          IFCS: the card appends the FCS; for us, always
//              bit 27          RS: the card should report when it is done with the descriptor
//              bit 29          DEXT: 1, an advanced descriptor
//              bit 32          DD: 0 on the way to the card; with RS, the card writes 1 here when it is done
//              bits 63 to 46   PAYLEN: bytes of the frame, again
// 7.2.3.3    The card owns the descriptors from the head (TDH) up to the one before the tail (TDT). If the two are
//            equal, it has nothing to do. So of N descriptors at most N - 1 may be in flight, and the tail is the place
//            after the last one. Both go from 0 to N - 1, and then start at 0 again.
// 7.2.3.5    A descriptor is yours again when it says DD, and so are all before it. Until then leave it and its frame
//            alone. Reclaim descriptors in order. With RS in each of them it is easy to see how far.
// 4.6.8      To start queue 0, in this order:
//              1. TDBAL (0x06000) and TDBAH (0x06004): low and high half of the ring's address; TDLEN (0x06008): its
//                 length in bytes, a multiple of 128
//              2. DMATXCTL (0x04A80): set bit 0, TE; keep the others
//              3. TXDCTL (0x06028): set bit 25, ENABLE; then wait until it reads as 1, for which
//                 TimeSpan.FromMilliseconds(100) is enough
//            TDT is at 0x06018. It is moved only after that.
// PCI 3.0    The card may access memory only as a bus master: PciDevice.EnableBusMaster().
//
// What you have:  PciBar.Read32(offset) and Write32(offset, value), card.WaitUntil(() => condition, timeout),
//                 Dma.Allocate(bytes), memory.Words(), memory.Bytes() and memory.DeviceAddress(card) as in exercise 3.
//                 frame.CopyTo(span) copies. Reset and link are done; Given.PrepareTransmit does the rest of 4.6.8.

using Ixy.Labs;
using Ixy.Vfio;
using Ixy.Vfio.Dma;

public sealed class Transmitter : ITransmitter
{
    private const uint DMATXCTL = 0x04A80, TDBAL = 0x06000, TDBAH = 0x06004, TDLEN = 0x06008, TDT = 0x06018;
    private const uint TXDCTL = 0x06028;
    private const int RingSize = 64, BufferSize = 2048;

    // Descriptor i has words 2 * i and 2 * i + 1 of the ring, and the 2048 bytes from i * 2048 on of the buffers.
    private readonly DmaMemory _ring = Dma.Allocate(RingSize * 16), _buffers = Dma.Allocate(RingSize * BufferSize);
    private ulong _buffersAddress;
    private PciBar _registers = null!;

    // The next descriptor to fill, and the oldest one that was not reclaimed.
    private int _next, _oldest;

    public void Start(PciDevice card, PciBar registers)
    {
        _registers = registers;
        _buffersAddress = _buffers.DeviceAddress(card);
        Given.PrepareTransmit(registers);
        StartQueue(card, _ring.DeviceAddress(card));
    }

    private void StartQueue(PciDevice card, ulong ringAddress)
    {
        //# hole 1
        card.EnableBusMaster();
        _registers.Write32(TDBAL, (uint)ringAddress);
        _registers.Write32(TDBAH, (uint)(ringAddress >> 32));
        _registers.Write32(TDLEN, RingSize * 16);
        _registers.Write32(DMATXCTL, _registers.Read32(DMATXCTL) | 1);
        _registers.Write32(TXDCTL, _registers.Read32(TXDCTL) | 1u << 25);
        card.WaitUntil(() => (_registers.Read32(TXDCTL) & 1u << 25) != 0, TimeSpan.FromMilliseconds(100));
        //# end
    }

    // False if the ring is full: then nothing is sent. Does not wait.
    public bool Send(ReadOnlySpan<byte> frame)
    {
        //# hole 2
        TakeBack();
        int behind = (_next + 1) % RingSize;
        if (behind == _oldest) return false;
        frame.CopyTo(_buffers.Bytes().Slice(_next * BufferSize));
        ulong length = (ulong)frame.Length;
        var ring = _ring.Words();
        ring[2 * _next] = _buffersAddress + (ulong)(_next * BufferSize);
        ring[2 * _next + 1] = length << 46 | 1ul << 29 | 1ul << 27 | 1ul << 25 | 1ul << 24 | 3ul << 20 | length;
        _next = behind;
        _registers.Write32(TDT, (uint)_next);
        return true;
        //# end
    }

    // Reclaims what the card has sent.
    private void TakeBack()
    {
        //# hole 3
        var ring = _ring.Words();
        while (_oldest != _next && (ring[2 * _oldest + 1] >> 32 & 1) != 0) _oldest = (_oldest + 1) % RingSize;
        //# end
    }
}
