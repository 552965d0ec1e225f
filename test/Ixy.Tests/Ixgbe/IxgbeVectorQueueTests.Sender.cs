using static Ixy.Ixgbe.IxgbeRegisters;
using ScalarReceiveQueue = Ixy.Ixgbe.IxgbeReceiveQueue<Ixy.Addresses.VirtualAddresses, Ixy.Ixgbe.NoOffloads>;

namespace Ixy.Tests.Ixgbe;

// The transmit side, with packets from two pools.
public sealed unsafe partial class IxgbeVectorQueueTests
{
    private sealed class Sender : IDisposable
    {
        private readonly MemoryDevice _device;
        private readonly TransmitQueue _queue;
        private readonly ScalarReceiveQueue _other;
        private readonly QueueCalls _calls;
        private readonly PacketPool _pool = new(new() { Count = MostBuffers });
        private readonly PacketPool _foreign = new(new() { Count = MostBuffers });
        private readonly ulong* _ring;
        private readonly ulong _first, _firstForeign;
        private uint _head;

        internal Sender(bool givesPointers, SingleCalls calls, Func<MemoryDevice, TransmitQueue> open)
        {
            _device = new(givesPointers: givesPointers);
            _queue = open(_device);
            _other = new(_device, _device.Bar, 0, new() { RingSize = RingSize, PoolSize = 128 });
            _calls = new(calls, _other, _queue);
            _ring = RingOf(_device, TDBAL[0]);
            (_first, _firstForeign) = (FirstOf(_pool), FirstOf(_foreign));
        }

        /// <inheritdoc cref="Receiver.Seen"/>
        internal List<ulong> Seen { get; private set; } = [];

        internal void Run(TransmitStep step)
        {
            Seen = [];
            var packets = new Packet[step.Packets.Length];
            int count = (step.IsForeign ? _foreign : _pool).Allocate(packets);
            for (int i = 0; i < count; i++)
            {
                packets[i].Length = step.Packets[i].Length;
                packets[i].Flags = step.Packets[i].Flags;
            }
            int sent = 0;
            string thrown = "";
            try
            {
                sent = _calls.Transmit(packets.AsSpan(0, count));
            }
            catch (ArgumentException e)
            {
                thrown = e.Message;
            }
            PacketPool.Free(packets.AsSpan(sent, count - sent));
            Seen.AddRange([(ulong)count, (ulong)sent, (ulong)thrown.GetHashCode(StringComparison.Ordinal)]);
            uint tail = _device.Bar.Read32(TDT[0]);
            for (int reports = 0; _head != tail && reports < step.Reports; _head = (_head + 1) % RingSize)
            {
                if ((_ring[2 * _head + 1] & ReportStatus) == 0) continue;
                _ring[2 * _head + 1] |= TransmitDone;
                reports++;
            }
            // Single packets look for reports only once in a group.
            if (step.Packets.Length == 1) _queue.Transmit([]);
            for (int i = 0; i < 2 * RingSize; i++)
            {
                ulong word = _ring[i], place = Place(word, _firstForeign);
                Seen.Add(place == word ? Place(word, _first) : ~place);
            }
            Seen.AddRange([tail, (ulong)_queue.Packets, (ulong)_queue.Pending]);
            Seen.AddRange([(ulong)_pool.Available, (ulong)_foreign.Available]);
        }

        public void Dispose()
        {
            ((IDisposable)_queue).Dispose();
            _other.Dispose();
            _pool.Dispose();
            _foreign.Dispose();
            _device.Dispose();
        }
    }

    // The lowest are given out first.
    private static ulong FirstOf(PacketPool pool)
    {
        Span<Packet> one = stackalloc Packet[1];
        pool.Allocate(one);
        ulong first = one[0].Buffer & Packet.AddressMask;
        PacketPool.Free(one);
        return first;
    }
}
