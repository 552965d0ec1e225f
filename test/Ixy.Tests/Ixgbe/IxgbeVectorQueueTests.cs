using System.Runtime.Intrinsics.X86;
using FsCheck;
using FsCheck.Fluent;
using Ixy.Ixgbe;
using static Ixy.Ixgbe.IxgbeRegisters;
using ScalarReceiveQueue = Ixy.Ixgbe.IxgbeReceiveQueue<Ixy.Addresses.VirtualAddresses, Ixy.Ixgbe.NoOffloads>;
using ScalarTransmitQueue = Ixy.Ixgbe.IxgbeTransmitQueue<Ixy.Addresses.VirtualAddresses>;

namespace Ixy.Tests.Ixgbe;

/// <summary>
/// The vector loops against the scalar ones: the same card, the same calls, and afterwards memory identical to the bit.
/// Buffers are compared by their place in the pool, as each queue has its own pool. Single packets are passed to the
/// vector queue by each kind of call.
/// </summary>
public sealed unsafe partial class IxgbeVectorQueueTests
{
    private const ulong Done = 1, EndOfPacket = 2, ReceiveError = 1u << 29, TransmitDone = 1ul << 32;
    private const ulong ReportStatus = 1ul << 27;
    private const int RingSize = 64, Steps = 60, MostBuffers = 256;

    // Mostly good frames: a single bad one sends four to the scalar loop.
    private static readonly Gen<ulong> s_good =
        from length in Gen.Elements(1, 60, 64, 1514, 2048)
        from tag in Gen.Choose(0, 0xFFFF)
        select Done | EndOfPacket | (ulong)length << 32 | (ulong)tag << 48;

    private static readonly Gen<ulong> s_status = Gen.Frequency(
        (40, s_good),
        (1, s_good.Select(status => status | ReceiveError)),
        (1, s_good.Select(status => status & ~EndOfPacket)),
        (1, s_good.Select(status => status & ~Done)),
        (1, Gen.Elements(0u, 2049u, 0xFFFFu).Select(length => Done | EndOfPacket | (ulong)length << 32)));

    private static readonly Gen<int> s_batch = Gen.Elements(1, 1, 1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 32, 33, 64);

    // A step: the card writes descriptors, the application receives some batches and frees packets.
    private static readonly Gen<ReceiveStep> s_receiveStep =
        from statuses in Gen.Choose(0, 40).SelectMany(count => s_status.ArrayOf(count))
        from batches in Gen.Choose(0, 4).SelectMany(count => s_batch.ArrayOf(count))
        from freed in Gen.Choose(0, 100)
        select new ReceiveStep(statuses, batches, freed);

    private static readonly Gen<(int Length, PacketFlags Flags)> s_packet = Gen.Frequency(
        (60, Gen.Elements(17, 60, 64, 1514, 1518).Select(length => (length, PacketFlags.None))),
        (1, Gen.Elements(0, 1, 16, 1523, 2048).Select(length => (length, PacketFlags.None))),
        (1, Gen.Constant((60, PacketFlags.InsertVlan))),
        (1, Gen.Constant((60, PacketFlags.IpChecksumGood))));

    private static readonly Gen<TransmitStep> s_transmitStep =
        from packets in s_batch.SelectMany(count => s_packet.ArrayOf(count))
        from done in Gen.Elements(0, 0, 0, 0, 1, 2, 4)
        from isForeign in Gen.Elements(false, false, false, false, true)
        select new TransmitStep(packets, done, isForeign);

    [Fact]
    public void ThisMachineHasWideLoops() => Assert.True(Avx2.IsSupported);

    // 80 are too few to fill the ring and the application's hands.
    [Theory]
    [InlineData(200, SingleCalls.Batch)]
    [InlineData(200, SingleCalls.Virtual)]
    [InlineData(200, SingleCalls.Compiled)]
    [InlineData(80, SingleCalls.Batch)]
    [InlineData(80, SingleCalls.Virtual)]
    [InlineData(80, SingleCalls.Compiled)]
    public void ReceiveDoesTheSameToTheBit(int poolSize, SingleCalls calls) =>
        Prop.ForAll(Arb.From(s_receiveStep.ArrayOf(Steps)), steps =>
        {
            var options = new NetworkDeviceOptions { RingSize = RingSize, PoolSize = poolSize };
            using var scalar = new Receiver(
                SingleCalls.Batch, device => new ScalarReceiveQueue(device, device.Bar, 0, options));
            using var vector = new Receiver(
                calls, device => new IxgbeVectorReceiveQueue(device, device.Bar, 0, options));
            foreach (var step in steps)
            {
                scalar.Run(step);
                vector.Run(step);
                Assert.Equal(scalar.Seen, vector.Seen);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(150));

    [Theory]
    [InlineData(Offloads.None, true, SingleCalls.Batch)]
    [InlineData(Offloads.None, true, SingleCalls.Virtual)]
    [InlineData(Offloads.None, true, SingleCalls.Compiled)]
    [InlineData(Offloads.VlanInsert, true, SingleCalls.Batch)]
    [InlineData(Offloads.VlanInsert, true, SingleCalls.Compiled)]
    [InlineData(Offloads.None, false, SingleCalls.Batch)]
    [InlineData(Offloads.None, false, SingleCalls.Compiled)]
    public void TransmitDoesTheSameToTheBit(Offloads offloads, bool givesPointers, SingleCalls calls) =>
        Prop.ForAll(Arb.From(s_transmitStep.ArrayOf(Steps)), steps =>
        {
            var options = new NetworkDeviceOptions { RingSize = RingSize, Offloads = offloads };
            using var scalar = new Sender(
                givesPointers, SingleCalls.Batch, device => new ScalarTransmitQueue(device, device.Bar, 0, options));
            using var vector = new Sender(
                givesPointers, calls, device => new IxgbeVectorTransmitQueue(device, device.Bar, 0, options));
            foreach (var step in steps)
            {
                scalar.Run(step);
                vector.Run(step);
                Assert.Equal(scalar.Seen, vector.Seen);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(150));

    // A place in the pool where a word is the address of a buffer, the word elsewhere. No hash looks like an address,
    // and an address with the number of its pool is none.
    private static ulong Place(ulong word, ulong first) =>
        word - first < MostBuffers * (64 + 2048) ? word - first : word;

    private sealed record ReceiveStep(ulong[] Statuses, int[] Batches, int Freed);

    private sealed record TransmitStep((int Length, PacketFlags Flags)[] Packets, int Reports, bool IsForeign);

    private sealed class Receiver : IDisposable
    {
        private readonly MemoryDevice _device = new();
        private readonly ReceiveQueue _queue;
        private readonly ScalarTransmitQueue _other;
        private readonly QueueCalls _calls;
        private readonly ulong* _ring;
        private readonly ulong _first;
        private readonly List<Packet> _held = [];
        private uint _head;

        internal Receiver(SingleCalls calls, Func<MemoryDevice, ReceiveQueue> open)
        {
            _queue = open(_device);
            _other = new(_device, _device.Bar, 0, new() { RingSize = RingSize });
            _calls = new(calls, _queue, _other);
            _device.Bar.Write32(RDT[0], RingSize - 1);
            _ring = RingOf(_device, RDBAL[0]);
            _first = Enumerable.Range(0, RingSize).Min(i => _ring[2 * i]);
        }

        /// <summary>Everything observable after a step.</summary>
        internal List<ulong> Seen { get; private set; } = [];

        internal void Run(ReceiveStep step)
        {
            Seen = [];
            foreach (ulong status in step.Statuses)
            {
                if (_head == _device.Bar.Read32(RDT[0])) break;
                _ring[2 * _head] = 0xF000_0000_0000_0011 + ((ulong)_head << 32);
                _ring[2 * _head + 1] = status;
                _head = (_head + 1) % RingSize;
            }
            foreach (int size in step.Batches)
            {
                var batch = new Packet[size];
                int received = _calls.Receive(batch);
                _held.AddRange(batch[..received]);
                Seen.Add((ulong)received);
                foreach (var packet in batch)
                    Seen.AddRange([Place(packet.Buffer & Packet.AddressMask, _first), packet.Metadata]);
            }
            // Descriptors that were not done are completed now, as a card would do later.
            for (int i = 0; i < RingSize; i++)
            {
                if ((_ring[2 * i + 1] & (Done | EndOfPacket)) == EndOfPacket) _ring[2 * i + 1] |= Done;
            }
            int freed = _held.Count * step.Freed / 100;
            PacketPool.Free(_held[..freed].ToArray());
            _held.RemoveRange(0, freed);
            for (int i = 0; i < 2 * RingSize; i++) Seen.Add(Place(_ring[i], _first));
            Seen.AddRange([_device.Bar.Read32(RDT[0]), (ulong)_queue.Packets, (ulong)_queue.Dropped]);
            Seen.Add((ulong)_queue.Pool.Available);
        }

        public void Dispose()
        {
            PacketPool.Free(_held.ToArray());
            _other.Dispose();
            ((IDisposable)_queue).Dispose();
            _device.Dispose();
        }
    }

    private static ulong* RingOf(MemoryDevice device, uint low) =>
        (ulong*)(device.Bar.Read32(low) | (ulong)device.Bar.Read32(low + 4) << 32);
}
