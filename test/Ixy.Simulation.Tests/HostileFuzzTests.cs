using System.Buffers.Binary;
using Ixy.Simulation.Tests.Virtio;
using Ixy.Vfio.Interop;

namespace Ixy.Simulation.Tests;

/// <summary>
/// Random rings, descriptors and registers, though mostly ones that get the cards to work; the same ones every time.
/// The memory that a card is given has a guard page on either side: reading or writing a byte outside it ends the
/// test's process.
/// </summary>
public sealed class HostileFuzzTests
{
    private const ulong Iova = 0x4000_0000;
    private const int Length = 0x10000;

    private static readonly ushort[] s_types = [0x0800, 0x86DD, 0x8100, 0x88B5, 0x0040];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void TheIxgbeCardStaysInItsMemory(int seed)
    {
        const int Steps = 120_000;
        using var bench = new CardBench();
        using var memory = new GuardedMemory(Length);
        var driver = new WildDriver(bench, memory, new Random(seed));
        for (int i = 0; i < Steps; i++) driver.Step();
        // It did send and receive.
        Assert.True(
            driver.Sent > 1000 && driver.Received > 1000, $"{driver.Sent} frames sent, {driver.Received} received");
    }

    [Theory]
    [InlineData("split")]
    [InlineData("split, unmerged")]
    [InlineData("packed")]
    [InlineData("packed, unmerged")]
    [InlineData("legacy")]
    public void TheVirtioCardStaysInItsMemory(string kind)
    {
        const int Rounds = 600, Steps = 60;
        var random = new Random(7);
        long sent = 0, used = 0;
        for (int round = 0; round < Rounds; round++)
        {
            var (options, without) = Variants.All[kind];
            using var bench = VirtioBench.Negotiated(options with { QueueSize = 8 << random.Next(4) }, without);
            using var memory = new GuardedMemory(Length);
            var driver = new WildRings(bench, memory, random);
            for (int i = 0; i < Steps && driver.IsRunning; i++) driver.Step();
            (sent, used) = (sent + bench.TestWire.FromCard.Count, used + driver.Used);
        }
        Assert.True(sent > 300 && used > 300, $"{sent} frames sent, {used} buffers used");
    }

    /// <summary>Memory with an inaccessible page on either side.</summary>
    private sealed unsafe class GuardedMemory : IDisposable
    {
        private const int Page = 4096;
        private readonly nint _all;

        internal GuardedMemory(int length)
        {
            Size = length;
            _all = Libc.mmap(0, (nuint)length + 2 * Page, Libc.PROT_NONE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS, -1, 0);
            Assert.NotEqual(Libc.MapFailed, _all);
            Assert.Equal(0, Libc.mprotect(_all + Page, (nuint)length, Libc.PROT_READ | Libc.PROT_WRITE));
        }

        internal int Size { get; }

        internal nint Start => _all + Page;

        internal Span<byte> Bytes => new((byte*)Start, Size);

        internal void Put(int offset, params ulong[] words)
        {
            for (int i = 0; i < words.Length && offset + 8 * i + 8 <= Size; i++)
                BitConverter.TryWriteBytes(Bytes[(offset + 8 * i)..], words[i]);
        }

        public void Dispose() => _ = Libc.munmap(_all, (nuint)Size + 2 * Page);
    }

    private static byte[] Frame(Random random, ReadOnlySpan<byte> destination)
    {
        int length = random.Next(3) == 0 ? random.Next(14, 9000) : random.Next(60, 1515);
        var frame = new byte[length];
        if (random.Next(2) == 0) random.NextBytes(frame);
        destination.CopyTo(frame);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), s_types[random.Next(s_types.Length)]);
        if (length > 14) frame[14 + random.Next(Math.Min(40, length - 14))] = (byte)random.Next(256);
        if (length > 24 && random.Next(2) == 0) (frame[14], frame[23]) = (0x45, (byte)(random.Next(2) == 0 ? 6 : 17));
        return frame;
    }

    private sealed class WildDriver
    {
        private static readonly uint[] s_transmit =
            [0x0, 0x4, 0x8, 0xC, 0x10, 0x18, 0x18, 0x18, 0x28, 0x28, 0x38, 0x3C];
        private static readonly uint[] s_receive = [0x0, 0x4, 0x8, 0xC, 0x10, 0x14, 0x18, 0x18, 0x18, 0x28, 0x28, 0x2C];
        private static readonly uint[] s_others =
            [0x3000, 0x4240, 0x4268, 0x4A80, 0x4900, 0x4950, 0x3C00, 0xCC00, 0x5080, 0x5088, 0x5818, 0x5480, 0x4A88,
                0x4A8C, 0x8120, 0x2300, 0x8600, 0x2F00, 0x900, 0x820, 0x8D00, 0x8800, 0xEE00];

        private readonly CardBench _bench;
        private readonly GuardedMemory _memory;
        private readonly Random _random;
        private bool _isMapped = true;

        internal WildDriver(CardBench bench, GuardedMemory memory, Random random)
        {
            (_bench, _memory, _random) = (bench, memory, random);
            Assert.True(bench.Card.Dma.Unmap(CardBench.Iova, CardBench.MemoryLength));
            bench.Card.Dma.Map(Iova, Length, memory.Start);
            SetUp();
        }

        internal long Sent { get; private set; }

        internal long Received { get; private set; }

        internal void Step()
        {
            switch (_random.Next(16))
            {
                case 0: case 1: case 2: WriteQueue(); break;
                case 3 when _random.Next(4) == 0:
                    _bench.Write(s_others[_random.Next(s_others.Length)], Number());
                    break;
                case 4: case 5: _memory.Put(_random.Next(Length / 16) * 16, Descriptor(), Descriptor()); break;
                case 6: case 7: _bench.TestWire.Deliver(Frame(_random, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])); break;
                case 8: StartTransmit(); break;
                case 9: StartReceive(); break;
                case 10 when _random.Next(40) == 0: ToggleMemory(); break;
                case 11 when _random.Next(100) == 0: SetUp(); break;
                default: Run(); break;
            }
        }

        private void Run()
        {
            _bench.Run(3_000);
            Sent += _bench.TestWire.FromCard.Count;
            _bench.TestWire.FromCard.Clear();
            Received += _bench.Read(0x4074); // GPRC
        }

        // What must be valid for anything to move.
        private void SetUp()
        {
            _bench.Card.PciReset();
            _bench.Card.WriteConfig(0x04, 0x0006, 2);
            // HLREG0 with jumbo frames, and sometimes loopback
            _bench.Write(0x4240, 0xC03 | 4 | (_random.Next(8) == 0 ? 1u << 15 : 0));
            _bench.Write(0x4268, 9018u << 16); // MAXFRS
            _bench.Write(0x4950, 160 - 16); // TXPBTHRESH
            _bench.Write(0x42A0, _bench.Read(0x42A0) | 1u << 12); // AUTOC
            _bench.Run(20_000);
            _bench.Write(0x5080, 7u << 8); // FCTRL
            _bench.Write(0x5818, (uint)_random.Next(2) | 0x33u << 16); // MRQC
            _bench.Write(0x3000, 1); // RXCTRL
            _bench.Write(0x4A80, 1); // DMATXCTL
        }

        private void WriteQueue()
        {
            uint queue = (uint)_random.Next(3);
            if (_random.Next(2) == 0)
                _bench.Write(0x6000 + 0x40 * queue + s_transmit[_random.Next(s_transmit.Length)], Number());
            else _bench.Write(0x1000 + 0x40 * queue + s_receive[_random.Next(s_receive.Length)], Number());
        }

        private void StartTransmit()
        {
            uint queue = 0x6000 + 0x40 * (uint)_random.Next(3);
            int count = 8 << _random.Next(4), place = Place(count);
            _bench.Write(queue + 0x28, 0);
            if (_random.Next(2) == 0) _bench.Write(queue + 0x10, 0);
            ProgramRing(queue, place, count);
            _bench.Write(
                queue + 0x38, _random.Next(4) == 0 ? ((uint)Iova + (uint)_random.Next(Length + 64)) & ~3u | 1 : 0);
            for (int i = 0; i < count; i++) _memory.Put(place + 16 * i, TransmitDescriptor());
            _bench.Write(queue + 0x28, 1u << 25 | (uint)(_random.Next(3) == 0 ? _random.Next(40) : 0) << 16);
            _bench.Write(queue + 0x18, (uint)_random.Next(count));
        }

        private void StartReceive()
        {
            uint queue = 0x1000 + 0x40 * (uint)_random.Next(3);
            int count = 8 << _random.Next(4), place = Place(count);
            _bench.Write(queue + 0x28, 0);
            ProgramRing(queue, place, count);
            _bench.Write(
                queue + 0x14,
                (uint)_random.Next(6) | (uint)_random.Next(6) << 8 | (uint)_random.Next(6) << 25
                | (_random.Next(2) == 0 ? 1u << 28 : 0));
            for (int i = 0; i < count; i++)
                _memory.Put(place + 16 * i, Address(), _random.Next(2) == 0 ? 0 : Address());
            _bench.Write(queue + 0x28, 1u << 25 | (_random.Next(2) == 0 ? 1u << 30 : 0));
            _bench.Write(queue + 0x18, (uint)_random.Next(count));
        }

        private void ProgramRing(uint queue, int place, int count)
        {
            _bench.Write(queue, (uint)Iova + (uint)place);
            _bench.Write(queue + 4, 0);
            _bench.Write(queue + 8, (uint)count * 16);
        }

        // The end of the memory is the best place: there is nothing beyond it.
        private int Place(int count) => _random.Next(2) == 0 ? Length - count * 16
            : _random.Next((Length - count * 16) / 128) * 128;

        private void ToggleMemory()
        {
            if (_random.Next(2) == 0) _bench.Card.WriteConfig(0x04, (uint)_random.Next(2) * 4 + 2, 2);
            else if (_isMapped) _bench.Card.Dma.Clear();
            else _bench.Card.Dma.Map(Iova, Length, _memory.Start);
            _isMapped = _bench.Card.Dma.IsMapped(Iova, Length);
        }

        private ulong Address() =>
            Iova + (ulong)(_random.Next(6) == 0 ? _random.Next(Length - 100, Length + 100) : _random.Next(Length));

        private ulong Descriptor() => _random.Next(2) == 0 ? Address() : (ulong)_random.NextInt64();

        private uint Number() => _random.Next(8) switch
        {
            0 => uint.MaxValue,
            1 => (uint)_random.Next(4),
            2 => (uint)Iova + (uint)_random.Next(Length / 128) * 128,
            3 => 1u << _random.Next(32),
            4 => (uint)_random.Next(8, 64) * 128,
            5 => 1u << 25 | (uint)_random.Next(64) << 16,
            6 => (uint)_random.NextInt64(),
            _ => (uint)_random.Next(128),
        };

        // Data, context or legacy, with each option now and then.
        private ulong[] TransmitDescriptor()
        {
            uint length = (uint)(_random.Next(4) == 0 ? _random.Next(0x10000) : _random.Next(17, 1515));
            uint options = (uint)_random.NextInt64() & (uint)_random.NextInt64() & (
                1u << 26 | 1u << 27 | 1u << 30 | 1u << 31 | 1u << 19);
            uint ends = _random.Next(3) == 0 ? 0u : 1u << 24 | 1u << 25;
            return _random.Next(4) switch
            {
                0 => [(ulong)(uint)_random.Next(1 << 16) << 16 | (uint)_random.Next(10, 30) << 9
                    | (uint)_random.Next(15, 60),
                    2u << 20 | 1u << 29 | (uint)_random.Next(16) << 9
                    | (ulong)((uint)_random.Next(5000) << 16 | (uint)_random.Next(5, 40) << 8) << 32],
                1 => [Address(),
                    length | ends | options & ~(1u << 31) | (uint)_random.Next(256) << 16
                    | (ulong)(uint)_random.Next(1 << 16) << 40],
                _ => [Address(),
                    length | 3u << 20 | 1u << 29 | ends | options
                    | (ulong)(length << 14 | (uint)_random.Next(8) << 7) << 32],
            };
        }
    }

    private sealed class WildRings
    {
        private readonly VirtioBench _bench;
        private readonly GuardedMemory _memory;
        private readonly Random _random;
        private readonly int _size;
        private readonly int[] _descriptors = new int[3], _driver = new int[3], _device = new int[3];
        private readonly ushort[] _available = new ushort[3];

        internal WildRings(VirtioBench bench, GuardedMemory memory, Random random)
        {
            (_bench, _memory, _random, _size) = (bench, memory, random, bench.Card.Options.QueueSize);
            Assert.True(bench.Card.Dma.Unmap(CardBench.Iova, CardBench.MemoryLength));
            bench.Card.Dma.Map(Iova, Length, memory.Start);
            for (int queue = 0; queue < Math.Min(3, bench.Card.Queues.Count); queue++) Enable(queue);
            bench.DriverOk();
        }

        internal bool IsRunning => (_bench.Status & 64) == 0;

        internal long Used { get; private set; }

        internal void Step()
        {
            int queue = _random.Next(3);
            for (int i = _random.Next(1, 5); i > 0; i--) Add(queue);
            if (_random.Next(2) == 0) _bench.TestWire.Deliver(Frame(_random, VirtioBench.Mac));
            if (_random.Next(10) == 0) _memory.Bytes[_random.Next(Length)] = (byte)_random.Next(256);
            _bench.Ring(queue);
            _bench.Run(5_000);
            Used += _bench.Has(VirtioBench.Packed) ? _bench.Card.Control.IsRunning ? 1 : 0
                : Get16(_device[queue] + 2) != 0 ? 1 : 0;
        }

        // Parts of the rings are at the very end of the memory, or anywhere in it.
        private void Enable(int queue)
        {
            if (_bench.IsLegacy)
            {
                int used = (16 * _size + 6 + 2 * _size + 4095) / 4096 * 4096;
                _descriptors[queue] = queue == 2 ? Length - used - 4096 : queue * 0x4000;
                (_driver[queue], _device[queue]) = (_descriptors[queue] + 16 * _size, _descriptors[queue] + used);
                _bench.Write(0x0E, (uint)queue, 2);
                _bench.Write(0x08, (uint)((Iova + (ulong)_descriptors[queue]) / 4096), 4);
                return;
            }
            bool isPacked = _bench.Has(VirtioBench.Packed);
            _descriptors[queue] = Place(16 * _size, 16);
            _driver[queue] = Place(isPacked ? 4 : 6 + 2 * _size, 4);
            _device[queue] = Place(isPacked ? 4 : 6 + 8 * _size, 4);
            _bench.Write(0x16, (uint)queue, 2);
            _bench.Write(0x18, (uint)_size, 2);
            _bench.WriteAddress(0x20, Iova + (ulong)_descriptors[queue]);
            _bench.WriteAddress(0x28, Iova + (ulong)_driver[queue]);
            _bench.WriteAddress(0x30, Iova + (ulong)_device[queue]);
            _bench.Write(0x1C, 1, 2);
        }

        private int Place(int length, int alignment) =>
            (_random.Next(3) == 0 ? Length - length : _random.Next(Length - length)) / alignment * alignment;

        private void Add(int queue)
        {
            int slot = _available[queue] % _size;
            bool isWritable = queue == 0;
            int flags = (_random.Next(12) == 0 ? 1 : 0) | (isWritable != (_random.Next(40) == 0) ? 2 : 0)
                | (_random.Next(12) == 0 ? 4 : 0);
            uint length = (uint)(
                _random.Next(30) == 0 ? _random.NextInt64() : (flags & 4) != 0 ? 16 * _random.Next(1, 5)
                : _random.Next(20, 1600));
            int place = _random.Next(4) == 0 ? Math.Max(0, Length - (int)Math.Min(length, Length))
                : _random.Next(Length - 2000);
            int descriptor = _descriptors[queue] + 16 * slot;
            if (_bench.Has(VirtioBench.Packed))
            {
                bool lap = _available[queue] / _size % 2 == 0;
                flags |= lap ? 0x80 : 0x8000;
                _memory.Put(
                    descriptor, Iova + (ulong)place, length | (ulong)(uint)slot << 32 | (ulong)(uint)flags << 48);
                _available[queue]++;
                return;
            }
            _memory.Put(
                descriptor, Iova + (ulong)place,
                length | (ulong)(uint)flags << 32
                | (ulong)(uint)_random.Next(_size + (_random.Next(20) == 0 ? 2 : 0)) << 48);
            Put16(_driver[queue] + 4 + 2 * slot, slot);
            Put16(_driver[queue] + 2, ++_available[queue]);
        }

        private void Put16(int offset, int value) => BitConverter.TryWriteBytes(_memory.Bytes[offset..], (ushort)value);

        private ushort Get16(int offset) => BitConverter.ToUInt16(_memory.Bytes[offset..]);
    }
}
