using Ixy.Hosting.VfioUser;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Virtio;
using Ixy.Vfio.Interop;
using Ixy.Vfio.VfioUser;

namespace Ixy.Hosting.Tests.VfioUser;

/// <summary>Millions of messages, each wrong in some way; the same ones every time.</summary>
public sealed class FuzzTests
{
    private const int Messages = 2_000_000, OnTheSocket = 30_000;
    private static readonly int[] s_regions = [0, 4, 7, 7];
    private static readonly ulong[] s_numbers =
        [0, 1, 2, 3, 4, 7, 8, 16, 20, 24, 32, 48, 64, 0x1000, 0x4000, 0x6000, 0x20000, 1 << 20, int.MaxValue,
            uint.MaxValue, long.MaxValue, ulong.MaxValue - 0xFFF, ulong.MaxValue];

    [Fact]
    [Trait("needs", "time")]
    public void TheHandlerSurvivesMillionsOfMessages()
    {
        int before = ServerBench.OpenDescriptors();
        int file = RawClient.MemoryFile(0x100000, true), open = RawClient.MemoryFile(0x100000, false),
            descriptor = ServerBench.Event();
        var ixgbe = new IxgbeCard(new IxgbeCardOptions { LinkUpDelay = 0 }, new TestWire());
        var virtio = new VirtioCard(new VirtioCardOptions(), new TestWire());
        var random = new Random(20260101);
        var reply = new Reply();
        var errors = new Dictionary<int, int>();
        using var message = new Message();
        CommandHandler? handler = null;
        long now = 0;
        for (int i = 0; i < Messages; i++)
        {
            var card = i / 1000 % 2 == 0 ? (Ixy.Simulation.Cards.CardModel)ixgbe : virtio;
            if (i % 1000 == 0)
            {
                handler?.Dispose();
                handler = new(card, new NoMemory());
                Begin(message, 1, [0, 0, 0, 0]);
                Assert.Equal(0, handler.Handle(message, reply));
            }
            int command = random.Next(0, 20);
            Begin(message, command, random.Next(2) == 0 ? Payload(random) : Mutated(random, Good(random, command)));
            if (random.Next(4) == 0) AddDescriptors(message, random, file, open, descriptor);
            int error = handler!.Handle(message, reply);
            errors[error] = errors.GetValueOrDefault(error) + 1;
            Assert.InRange(error, 0, 133);
            message.Descriptors.Dispose();
            if (i % 64 == 0)
            {
                card.Poll(now += 1_000_000);
                card.Dma.EndTurn();
            }
        }
        handler?.Dispose();
        foreach (int each in (int[])[file, open, descriptor]) _ = Libc.close(each);
        ixgbe.Dispose();
        virtio.Dispose();
        Assert.Equal(before, ServerBench.OpenDescriptors());
        // Neither all valid nor all invalid: the messages get past the first checks.
        Assert.True(errors[0] > Messages / 20 && errors[22] > Messages / 10, string.Join(", ", errors));
    }

    [Fact]
    public void TheServerSurvivesMutatedBytes()
    {
        using var bench = new ServerBench();
        int file = RawClient.MemoryFile(0x100000, true), descriptor = ServerBench.Event();
        var random = new Random(20260102);
        for (int i = 0; i < OnTheSocket; i++)
        {
            int command = random.Next(1, 19);
            byte[] payload = random.Next(2) == 0 ? Payload(random) : Mutated(random, Good(random, command));
            byte[] bytes = RawClient.Bytes((ushort)i, (ushort)command, 16 + payload.Length, 0x10, 0, payload);
            for (int flips = random.Next(3); flips > 0; flips--)
                bytes[random.Next(random.Next(4) == 0 ? bytes.Length : 16)] ^= (byte)(1 << random.Next(8));
            // Always with the no-reply bit, or the replies would have to be read.
            bytes[8] = (byte)(bytes[8] | 0x10);
            // In one piece or two, and sometimes with more descriptors than a message may have.
            int cut = random.Next(4) == 0 ? random.Next(1, bytes.Length) : bytes.Length;
            bench.Client.SendBytes(bytes[..cut], Descriptors(random, file, descriptor));
            if (cut < bytes.Length) bench.Client.SendBytes(bytes[cut..], Descriptors(random, file, descriptor));
            if (i % 10 != 9) continue;
            bench.Client.Dispose();
            bench.AwaitEnd();
            bench.Connect();
        }
        bench.Client.Ask(RawClient.Reset, []);
        _ = Libc.close(file);
        _ = Libc.close(descriptor);
    }

    // Fields of 4 and 8 bytes with numbers at or near the limits.
    private static byte[] Payload(Random random)
    {
        var bytes = new List<byte>();
        if (random.Next(3) == 0) bytes.AddRange(BitConverter.GetBytes((uint)random.Next(0, 80)));
        for (int fields = random.Next(7); fields > 0; fields--)
        {
            ulong number = random.Next(3) == 0 ? (ulong)random.Next(0, 64) : s_numbers[random.Next(s_numbers.Length)];
            if (random.Next(8) == 0) number += (ulong)random.Next(-4, 5);
            bytes.AddRange(random.Next(2) == 0 ? BitConverter.GetBytes(number) : BitConverter.GetBytes((uint)number));
        }
        for (int odd = random.Next(8) == 0 ? random.Next(40) : 0; odd > 0; odd--) bytes.Add((byte)random.Next(256));
        return [.. bytes];
    }

    private static int[] Descriptors(Random random, params int[] templates)
    {
        if (random.Next(6) > 0) return [];
        int count = random.Next(8) == 0 ? random.Next(1, 100) : 1;
        return [.. Enumerable.Range(0, count).Select(_ => templates[random.Next(templates.Length)])];
    }

    // A region, an offset that is usually inside it, and the configuration header more often than the rest.
    private static (ulong Offset, int Region) Place(Random random)
    {
        int region = random.Next(2) == 0 ? s_regions[random.Next(s_regions.Length)] : random.Next(10);
        int length =
            region switch
            {
                0 => 0x20000,
                2 => 40,
                4 => 0x4100,
                7 => random.Next(2) == 0 ? 0x100
            : 0x1010,
                _ => 0x8000
            };
        return ((ulong)random.Next(length), region);
    }

    // A payload that would be valid if its numbers fitted together.
    private static byte[] Good(Random random, int command) => command switch
    {
        RawClient.DmaMap =>
            RawClient.Bytes(
                32, random.Next(1, 4), (ulong)random.Next(4) << 12, (ulong)random.Next(64) << 12,
                (ulong)random.Next(1, 16) << 12),
        RawClient.DmaUnmap => RawClient.Bytes(24, 0, (ulong)random.Next(64) << 12, (ulong)random.Next(1, 16) << 12),
        RawClient.GetInfo => RawClient.Bytes(16, 0, 0, 0),
        RawClient.GetRegionInfo => RawClient.Bytes(random.Next(32, 100), 0, random.Next(10), 0, 0ul, 0ul),
        RawClient.GetIrqInfo or RawClient.GetRegionIoFds => RawClient.Bytes(16, 0, random.Next(6), 0),
        RawClient.SetIrqs =>
        RawClient.Bytes(
            20, 1 << random.Next(3) | 8 << random.Next(3), random.Next(4), random.Next(3), random.Next(4),
            new byte[random.Next(4)]),
        RawClient.RegionRead when Place(random) is var (offset, region) =>
        RawClient.Bytes(offset, region, random.Next(20)),
        RawClient.RegionWrite when Place(random) is var (offset, region) && random.Next(20) is var count =>
            RawClient.Bytes(offset, region, count, Noise(random, count)),
        RawClient.WriteMulti when Place(random) is var (offset, region) =>
            RawClient.Bytes(1ul, offset, region, random.Next(9), Noise(random, 8)),
        _ => [],
    };

    private static byte[] Noise(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Mutated(Random random, byte[] bytes)
    {
        if (bytes.Length == 0 || random.Next(3) > 0) return bytes;
        if (random.Next(4) == 0) return bytes[..random.Next(bytes.Length)];
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return bytes;
    }

    private static void Begin(Message message, int command, byte[] payload)
    {
        message.Begin(new(1, (Command)command, (uint)(16 + payload.Length), 0, 0), payload.Length);
        payload.CopyTo(message.Payload);
    }

    private static void AddDescriptors(Message message, Random random, params int[] templates)
    {
        for (int count = random.Next(4); count > 0; count--)
        {
            int copy = Dup(templates[random.Next(templates.Length)]);
            message.Descriptors.Add(copy);
        }
    }

    private static int Dup(int descriptor) => Libc.fcntl(descriptor, 1030, 0); // F_DUPFD_CLOEXEC

    private sealed class NoMemory : IClientMemory
    {
        public bool TryRead(ulong address, Span<byte> target)
        {
            target.Fill((byte)address);
            return true;
        }

        public bool TryWrite(ulong address, ReadOnlySpan<byte> source) => source.Length % 3 != 0;
    }
}
