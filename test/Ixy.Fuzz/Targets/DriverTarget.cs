using Ixy.Simulation;
using Ixy.Simulation.Virtio;
using Ixy.Vfio;

namespace Ixy.Fuzz.Targets;

/// <summary>
/// A driver with a card that lies: in the registers it reads during set-up and later, and in what it writes to rings.
/// The driver may give up with a <see cref="PciDeviceException"/>; packets it hands out must lie within its buffers,
/// each buffer only once, and in the end all must be back.
/// </summary>
internal static unsafe class DriverTarget
{
    private const int RingSize = 64, Batch = 16, MostOperations = 100, DescriptorLength = 16;

    internal static void RunIxgbe(byte[] bytes) => Run("sim:ixgbe,link-delay=0", new InputReader(bytes));

    internal static void RunVirtio(byte[] bytes)
    {
        var input = new InputReader(bytes);
        string specifier = (input.Byte() % 3) switch
        {
            0 => "sim:virtio",
            1 => "sim:virtio,packed=on",
            _ => "sim:virtio-legacy,queue-size=64",
        };
        Run(specifier, input);
    }

    private static void Run(string specifier, InputReader input)
    {
        byte how = input.Byte();
        var options = new NetworkDeviceOptions
        {
            RingSize = RingSize,
            PoolSize = 2 * RingSize,
            CheckedPools = (how & 1) != 0,
            BufferSize = (how & 2) != 0 ? 1024 : null,
            Offloads = (how & 4) != 0 ? Offloads.ReceiveChecksum | Offloads.VlanStrip : Offloads.None,
            Interrupts = (how & 8) != 0,
        };
        var world = new VirtualWorld(seed: 1);
        var card = world.OpenCard($"{specifier},wire=loopback");
        uint longestBar = (how & 128) != 0 ? input.Number() : uint.MaxValue;
        using var function = new LyingFunction(world, card) { LongestBar = longestBar };
        for (int lies = how >> 4 & 7; lies > 0; lies--) function.Lie(input.Word(), input.Number());
        try
        {
            using var device = NetworkDevice.Open(function, options);
            Use(device, world, card, input);
        }
        catch (PciDeviceException)
        {
            // Documented: the card is wrong.
        }
    }

    private static void Use(NetworkDevice device, VirtualWorld world, SimulatedPciDevice card, InputReader input)
    {
        var rings = Rings(card);
        using var pool = new PacketPool(new() { Count = RingSize, BufferSize = 2048, Name = "sent" });
        var held = new List<Packet>();
        try
        {
            for (int i = 0; i < MostOperations && !input.IsEmpty; i++)
            {
                switch (input.Byte() % 6)
                {
                    case 0 or 1: Overwrite(rings[input.Byte() % rings.Count], ref input); break;
                    case 2: Receive(device, held, input.Byte() % Batch + 1); break;
                    case 3: Send(device, pool, input.Byte() % Batch + 1, input.Byte() + 14); break;
                    case 4: world.Advance(TimeSpan.FromMicroseconds(input.Byte() % 16)); break;
                    default: Ask(device); break;
                }
            }
        }
        finally
        {
            PacketPool.Free(held.ToArray());
            // Reclaims what the card never returned, before its pool goes.
            device.Dispose();
        }
    }

    private static void Receive(NetworkDevice device, List<Packet> held, int count)
    {
        Span<Packet> batch = stackalloc Packet[Batch];
        count = device.Receive(batch[..count]);
        foreach (var packet in batch[..count])
        {
            held.Add(packet);
            FuzzException.Require(
                packet.Length <= packet.Pool.BufferSize, $"{packet.Length} bytes in {packet.Pool.BufferSize}");
            byte sum = 0;
            foreach (byte each in packet.Data) sum += each;
            packet.Data.Fill(sum);
        }
        FuzzException.Require(
            held.Select(packet => packet.Buffer).Distinct().Count() == held.Count, "a buffer was handed out twice");
    }

    private static void Send(NetworkDevice device, PacketPool pool, int count, int length)
    {
        Span<Packet> batch = stackalloc Packet[Batch];
        count = pool.Allocate(batch[..count]);
        for (int i = 0; i < count; i++) batch[i].Length = length;
        int sent = 0;
        try
        {
            sent = device.Transmit(batch[..count]);
        }
        finally
        {
            PacketPool.Free(batch[sent..count]);
        }
    }

    private static void Ask(NetworkDevice device)
    {
        _ = device.Link;
        _ = device.ReadStatistics();
        _ = device.TransmitQueues[0].IsDrained;
        device.CheckHealth();
    }

    private static void Overwrite((nint Start, int Length) place, ref InputReader input)
    {
        int offset = input.Word() % place.Length;
        var memory = new Span<byte>((byte*)place.Start + offset, place.Length - offset);
        var bytes = input.Take(input.Byte() % DescriptorLength + 1);
        bytes[..Math.Min(bytes.Length, memory.Length)].CopyTo(memory);
    }

    // All three parts of a virtqueue, including those that only the driver should write.
    private static List<(nint Start, int Length)> Rings(SimulatedPciDevice card)
    {
        if (card.Card is not VirtioCard virtio) return [Ring(card, 0x1000), Ring(card, 0x6000)];
        bool isPacked = virtio.Options.IsPacked;
        return [
            .. virtio.Queues.Take(2).SelectMany(queue => ((nint, int)[])[
                ((nint)queue.Device, isPacked ? 4 : 4 + 8 * RingSize),
                ((nint)queue.Driver, isPacked ? 4 : 4 + 2 * RingSize),
                ((nint)queue.Descriptors, DescriptorLength * RingSize)])];
    }

    private static (nint, int) Ring(SimulatedPciDevice card, uint queue) =>
        ((nint)(card.Model.ReadBar(0, queue) | (ulong)card.Model.ReadBar(0, queue + 4) << 32),
            RingSize * DescriptorLength);
}
