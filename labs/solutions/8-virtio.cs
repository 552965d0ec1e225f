// Exercise 8: virtio's split ring (90 minutes)
//
// The network card of virtual machines. It shares memory with its driver as an 82599 does, but what the driver writes
// and what the device writes are separate, in three areas. docs/tour/virtio-1-split-rings.md has a picture.
//
//     ./ixy grade 8
//
// What the virtio 1.2 specification says, in our words; N is the number of descriptors, everything is little-endian:
//
// 2.7.5    The descriptor table has N entries of 16 bytes, two 64-bit words each. Word 0 is the address of a buffer.
//          Word 1: bits 31 to 0 are its length in bytes; bits 47 to 32 are flags, of which bit 33 is WRITE: the device
//          writes into the buffer. Receive buffers have it, transmit buffers do not. The rest is 0 for us.
// 2.7.6    The available ring is written by the driver. In 16-bit words: word 0 is flags, 0; word 1 is the index; words
//          2 to N + 1 are the ring, which contains numbers of descriptors. To give descriptor d, write d into the
//          place (index modulo N) of it, and then add 1 to the index. The index only counts up, and wraps from
//          65535 to 0.
// 2.7.8    The used ring is written by the device. In 16-bit words: word 1 is its index, which counts in the same way.
//          In 32-bit words: element i is words 1 + 2 * i and 2 + 2 * i, the number of the descriptor that came back,
//          and how many bytes the device has written. So the new ones are between the index that you saw last and the
//          current one, modulo N.
//          Descriptors may come back in any order: look at the number.
// 4.1.5.2  Notify tells the device that there is something new in a queue's available ring. MakeAvailable does not know
//          the queue's number, so call Notify after it, once for all descriptors that you give together.
// 5.1.2    Queue 0 receives, queue 1 transmits.
// 5.1.6    In front of each frame, in the same buffer, is a header of 12 bytes. When you send, it is all zero. When you
//          receive, skip it; the number of bytes in the used ring includes it.
// 5.1.6.3.1  A receive buffer has room for the header and the longest frame: 1526 bytes or more.
//
// The grader describes the device's rules in words meant for all drivers. gso_type, num_buffers and the flags are
// fields of the header: the 12 bytes in front of the frame must be 0. HOST_*, CSUM, MRG_RXBUF and MTU are features,
// all of them off here. The number after a queue's name, as in "queue 0 = 0x400", is what the rule is about: for a
// buffer, a packet or a header its length in bytes, here 1024; for a header that is not 0 its first four bytes.
//
// What you have:  device.SetQueue(queue, N, descriptorTable, available, used), device.Go(), device.Notify(queue), and
//                 memory.Words(), Words32(), Words16() and Bytes() for the same memory in words of 64, 32 and 16 bits.

using Ixy.Labs;
using Ixy.Vfio.Dma;

public sealed class VirtioDriver : IVirtioDriver
{
    private const int N = 64, BufferSize = 2048, Header = 12;
    private const ulong Write = 1ul << 33;

    private readonly Ring _receive = new(0), _transmit = new(1);

    // Transmit descriptors that the device does not own.
    private readonly Stack<int> _free = new();
    private VirtioDevice _device = null!;

    // The three areas of a queue, and a buffer for each descriptor: 2048 bytes from number * 2048 on.
    private sealed class Ring(int queue)
    {
        public readonly DmaMemory Table = Dma.Allocate(N * 16), Available = Dma.Allocate(4 + 2 * N);
        public readonly DmaMemory Used = Dma.Allocate(4 + 8 * N), Buffers = Dma.Allocate(N * BufferSize);

        // The index of the used ring up to which everything has been taken.
        public ushort Seen;

        public void Set(VirtioDevice device) => device.SetQueue(
            queue, N, Table.DeviceAddress(device.Card), Available.DeviceAddress(device.Card),
            Used.DeviceAddress(device.Card));
    }

    public void Start(VirtioDevice device)
    {
        _device = device;
        _receive.Set(device);
        _transmit.Set(device);
        for (int i = 0; i < N; i++) _free.Push(i);
        device.Go();
        //# hole 1
        // All receive buffers go to the device.
        var table = _receive.Table.Words();
        for (int i = 0; i < N; i++)
        {
            table[2 * i] = _receive.Buffers.DeviceAddress(device.Card) + (ulong)(i * BufferSize);
            table[2 * i + 1] = Write | BufferSize;
            MakeAvailable(_receive, i);
        }
        device.Notify(0);
        //# end
    }

    // The next frame that has arrived, without header; null if there is none. Does not wait.
    public byte[]? Receive()
    {
        //# hole 2
        if (TakeUsed(_receive) is not var (number, length)) return null;
        byte[] frame = _receive.Buffers.Bytes().Slice(number * BufferSize + Header, length - Header).ToArray();
        MakeAvailable(_receive, number);
        _device.Notify(0);
        return frame;
        //# end
    }

    // False if the ring is full: then nothing is sent. Does not wait.
    public bool Send(ReadOnlySpan<byte> frame)
    {
        //# hole 3
        while (TakeUsed(_transmit) is var (sent, _)) _free.Push(sent);
        if (_free.Count == 0) return false;
        int number = _free.Pop();
        var buffer = _transmit.Buffers.Bytes().Slice(number * BufferSize, BufferSize);
        buffer.Slice(0, Header).Clear();
        frame.CopyTo(buffer.Slice(Header));
        var table = _transmit.Table.Words();
        table[2 * number] = _transmit.Buffers.DeviceAddress(_device.Card) + (ulong)(number * BufferSize);
        table[2 * number + 1] = (ulong)(Header + frame.Length);
        MakeAvailable(_transmit, number);
        _device.Notify(1);
        return true;
        //# end
    }

    // Gives the device a descriptor, in the available ring.
    private static void MakeAvailable(Ring ring, int number)
    {
        //# hole 4
        var available = ring.Available.Words16();
        ushort index = available[1];
        available[2 + index % N] = (ushort)number;
        available[1] = (ushort)(index + 1);
        //# end
    }

    // The next descriptor that the device has given back, and how many bytes it has written; null if there is none.
    private static (int Number, int Length)? TakeUsed(Ring ring)
    {
        //# hole 5
        if (ring.Used.Words16()[1] == ring.Seen) return null;
        int place = ring.Seen % N;
        ring.Seen++;
        var used = ring.Used.Words32();
        return ((int)used[1 + 2 * place], (int)used[2 + 2 * place]);
        //# end
    }
}
