// Exercise 5: forward (90 minutes)
//
// What arrives at the left card leaves through the right one, without copying a frame: the buffer that the left card
// has filled goes into the right card's ring, and the left card gets an empty one in its place.
// docs/tour/7-forwarding.md has more.
//
//     ./ixy grade 5
//
// The rings are those of exercises 3 and 4, and are given here. What is new: a buffer has no fixed place any more. At
// any time, each buffer is in exactly one of three places:
//
//     the receive ring     an empty buffer for the left card: _inBuffers[i] is the number of the one in descriptor i
//     the transmit ring    a frame for the right card: _outBuffers[i] is the number of the one in descriptor i
//     _free                neither: empty buffers, by number
//
// What the 82599 datasheet says, in our words:
//
// 7.1.9      The receive tail (RDT) stays one descriptor behind the one that you look at next.
// 7.2.3.3    Of N transmit descriptors at most N - 1 may be in flight: if the place after _outNext is _outOldest, the
//            ring is full. A driver that continued would overwrite what the card has not sent.
// 7.2.3.5    A transmit descriptor, and the buffer in it, is yours again when it says DD: bit 32 of word 1. Not
//            earlier: the card is still reading the frame. Reclaim descriptors from the oldest on.
//
// If the right card's ring is full, or no buffer is free, the frame is dropped: its buffer goes back to the left card,
// in the same descriptor. Waiting would not help: more frames arrive meanwhile, and the left card loses those instead.
//
// What you have:  everything below. GiveToLeft(i) writes receive descriptor i with the buffer _inBuffers[i], and
//                 GiveToRight(i, length) writes transmit descriptor i with the buffer _outBuffers[i].

using Ixy.Labs;
using Ixy.Vfio;
using Ixy.Vfio.Dma;

public sealed class Forwarder : IForwarder
{
    private const uint RDBAL = 0x01000, RDBAH = 0x01004, RDLEN = 0x01008, SRRCTL = 0x01014, RDT = 0x01018;
    private const uint RXDCTL = 0x01028, DMATXCTL = 0x04A80, FCTRL = 0x05080, TDBAL = 0x06000, TDBAH = 0x06004;
    private const uint TDLEN = 0x06008, TDT = 0x06018, TXDCTL = 0x06028;
    private const int RingSize = 64, BufferSize = 2048, Buffers = 2 * RingSize;

    private readonly DmaMemory _in = Dma.Allocate(RingSize * 16), _out = Dma.Allocate(RingSize * 16);
    private readonly DmaMemory _buffers = Dma.Allocate(Buffers * BufferSize);
    private readonly int[] _inBuffers = new int[RingSize], _outBuffers = new int[RingSize];
    private readonly Stack<int> _free = new();
    private ulong _buffersAddress;
    private PciBar _left = null!, _right = null!;

    // The receive descriptor to look at next, the next transmit descriptor to fill, and the oldest one in flight.
    private int _inNext, _outNext, _outOldest;

    public void Start(PciDevice left, PciBar leftRegisters, PciDevice right, PciBar rightRegisters)
    {
        (_left, _right) = (leftRegisters, rightRegisters);
        _buffersAddress = _buffers.DeviceAddress(left);
        for (int i = RingSize; i < Buffers; i++) _free.Push(i);
        StartRight(right);
        StartLeft(left);
    }

    // Forwards everything that has arrived, and returns how many frames went to the right card. Does not wait.
    public int Poll()
    {
        //# hole 1
        TakeBack();
        var ring = _in.Words();
        int forwarded = 0;
        while ((ring[2 * _inNext + 1] & 1) != 0)
        {
            int length = (int)(ring[2 * _inNext + 1] >> 32 & 0xFFFF);
            int behind = (_outNext + 1) % RingSize;
            if (behind != _outOldest && _free.Count > 0)
            {
                _outBuffers[_outNext] = _inBuffers[_inNext];
                GiveToRight(_outNext, length);
                _outNext = behind;
                _right.Write32(TDT, (uint)_outNext);
                _inBuffers[_inNext] = _free.Pop();
                forwarded++;
            }
            GiveToLeft(_inNext);
            _left.Write32(RDT, (uint)_inNext);
            _inNext = (_inNext + 1) % RingSize;
        }
        return forwarded;
        //# end
    }

    // Reclaims the buffers of frames that the right card has sent.
    private void TakeBack()
    {
        //# hole 2
        var ring = _out.Words();
        while (_outOldest != _outNext && (ring[2 * _outOldest + 1] >> 32 & 1) != 0)
        {
            _free.Push(_outBuffers[_outOldest]);
            _outOldest = (_outOldest + 1) % RingSize;
        }
        //# end
    }

    private void GiveToLeft(int i)
    {
        var ring = _in.Words();
        ring[2 * i] = _buffersAddress + (ulong)(_inBuffers[i] * BufferSize);
        ring[2 * i + 1] = 0;
    }

    private void GiveToRight(int i, int length)
    {
        var ring = _out.Words();
        ring[2 * i] = _buffersAddress + (ulong)(_outBuffers[i] * BufferSize);
        ulong bytes = (ulong)length;
        ring[2 * i + 1] = bytes << 46 | 1ul << 29 | 1ul << 27 | 1ul << 25 | 1ul << 24 | 3ul << 20 | bytes;
    }

    private void StartLeft(PciDevice card)
    {
        card.EnableBusMaster();
        Given.PrepareReceive(_left);
        for (int i = 0; i < RingSize; i++)
        {
            _inBuffers[i] = i;
            GiveToLeft(i);
        }
        ulong address = _in.DeviceAddress(card);
        _left.Write32(RDBAL, (uint)address);
        _left.Write32(RDBAH, (uint)(address >> 32));
        _left.Write32(RDLEN, RingSize * 16);
        _left.Write32(SRRCTL, BufferSize / 1024 | 1u << 25);
        _left.Write32(FCTRL, 1u << 10);
        _left.Write32(RXDCTL, 1u << 25);
        card.WaitUntil(() => (_left.Read32(RXDCTL) & 1u << 25) != 0, TimeSpan.FromMilliseconds(100));
        _left.Write32(RDT, RingSize - 1);
        Given.OpenReceive(card, _left);
    }

    private void StartRight(PciDevice card)
    {
        card.EnableBusMaster();
        Given.PrepareTransmit(_right);
        ulong address = _out.DeviceAddress(card);
        _right.Write32(TDBAL, (uint)address);
        _right.Write32(TDBAH, (uint)(address >> 32));
        _right.Write32(TDLEN, RingSize * 16);
        _right.Write32(DMATXCTL, _right.Read32(DMATXCTL) | 1);
        _right.Write32(TXDCTL, _right.Read32(TXDCTL) | 1u << 25);
        card.WaitUntil(() => (_right.Read32(TXDCTL) & 1u << 25) != 0, TimeSpan.FromMilliseconds(100));
    }
}
