using Ixy.Simulation.Virtio;
using Ixy.Simulation.Wires;

namespace Ixy.Testing.Cards;

/// <summary>
/// A virtio-net card on the bench: initialized by hand, as the specification tells drivers to (virtio 1.2, 3.1.1),
/// through the modern or the legacy interface.
/// </summary>
internal sealed unsafe class VirtioBench : CardBench<VirtioCard>
{
    internal const int Bar = 4;
    internal const uint Isr = 0x1000, Config = 0x2000, Doorbells = 0x3000;
    internal const ulong MergeableBuffers = 1ul << 15, ControlQueue = 1ul << 17, Indirect = 1ul << 28,
        EventIndex = 1ul << 29, Packed = 1ul << 34;
    internal static readonly byte[] Mac = [2, 0, 0, 0x10, 0x41, 0];

    internal VirtioBench(VirtioCardOptions? options = null, Wire? wire = null)
        : base(new VirtioCard(options ?? new VirtioCardOptions(), wire ?? new TestWire())) =>
        Card.WriteConfig(0x04, 0x0007, 2); // The legacy registers are in I/O space.

    internal bool IsLegacy => Card.Options.IsLegacy;

    internal ulong Features { get; private set; }

    /// <summary>Length of the header of each packet (5.1.6.1).</summary>
    internal int HeaderLength => !IsLegacy || Has(MergeableBuffers) ? 12 : 10;

    internal string[] Rules => [.. Card.Violations.All.Select(violation => violation.Rule)];

    internal bool Has(ulong feature) => (Features & feature) != 0;

    /// <summary>
    /// A card that is ready to run except for its queues: with all features that it offers, or fewer.
    /// </summary>
    internal static VirtioBench Negotiated(VirtioCardOptions? options = null, ulong without = 0)
    {
        var bench = new VirtioBench(options);
        bench.Negotiate(~without);
        return bench;
    }

    /// <summary>
    /// A running card, with the receive and transmit queues of the first pair, and the control queue.
    /// </summary>
    internal static VirtioBench Running(VirtioCardOptions? options = null, ulong without = 0, int size = 256)
    {
        var bench = Negotiated(options, without);
        for (int index = 0; index < bench.Card.Queues.Count; index++) bench.AddQueue(index, size);
        bench.DriverOk();
        return bench;
    }

    internal DriverQueue Receive => Queues[0];

    internal DriverQueue Transmit => Queues[1];

    internal Dictionary<int, DriverQueue> Queues { get; } = [];

    internal uint Read(uint offset, int size) => Card.ReadBar(IsLegacy ? 0 : Bar, offset, size);

    internal void Write(uint offset, uint value, int size)
    {
        Card.WriteBar(IsLegacy ? 0 : Bar, offset, value, size);
        Card.Dma.EndTurn();
    }

    internal uint Status
    {
        get => Read(IsLegacy ? 0x12u : 0x14, 1);
        set => Write(IsLegacy ? 0x12u : 0x14, value, 1);
    }

    /// <summary>The features that the device offers.</summary>
    internal ulong Offered
    {
        get
        {
            if (IsLegacy) return Read(0, 4);
            Write(0x00, 0, 4);
            ulong low = Read(0x04, 4);
            Write(0x00, 1, 4);
            return low | (ulong)Read(0x04, 4) << 32;
        }
    }

    /// <summary>3.1.1, steps 1 to 6.</summary>
    internal void Negotiate(ulong wanted)
    {
        Status = 0;
        Assert.Equal(0u, Status);
        Status = 1;
        Status = 3;
        Accept(Offered & wanted);
        if (IsLegacy) return;
        Status = 0xB;
        Assert.Equal(0xBu, Status);
    }

    internal void Accept(ulong features)
    {
        Features = features;
        if (IsLegacy)
        {
            Write(0x04, (uint)features, 4);
            return;
        }
        for (uint word = 0; word < 2; word++)
        {
            Write(0x08, word, 4);
            Write(0x0C, (uint)(features >> 32 * (int)word), 4);
        }
    }

    internal void DriverOk() => Status = IsLegacy ? 7u : 0xFu;

    /// <summary>Lays out a ring in memory and enables the queue (4.1.5.1.3).</summary>
    internal DriverQueue AddQueue(int index, int size = 256, uint vector = 0xFFFF)
    {
        DriverQueue queue = Has(Packed) ? new PackedQueue(this, index, size) : new SplitQueue(this, index, size);
        Queues[index] = queue;
        if (IsLegacy)
        {
            Write(0x0E, (uint)index, 2);
            Assert.Equal((uint)size, Read(0x0C, 2));
            Write(0x08, (uint)(queue.Descriptors / 4096), 4);
            return queue;
        }
        Program(queue);
        Write(0x1A, vector, 2);
        Write(0x1C, 1, 2);
        return queue;
    }

    /// <summary>Writes a queue's size and addresses, without enabling it.</summary>
    internal void Program(DriverQueue queue)
    {
        Write(0x16, (uint)queue.Index, 2);
        Write(0x18, (uint)queue.Size, 2);
        WriteAddress(0x20, queue.Descriptors);
        WriteAddress(0x28, queue.Driver);
        WriteAddress(0x30, queue.Device);
    }

    internal void WriteAddress(uint offset, ulong address)
    {
        Write(offset, (uint)address, 4);
        Write(offset + 4, (uint)(address >> 32), 4);
    }

    /// <summary>Rings a doorbell: a plain store, or a call with the legacy interface.</summary>
    internal void Ring(int queue)
    {
        if (IsLegacy) Write(0x10, (uint)queue, 2);
        else *(ushort*)Card.TryGetShared(Bar, Doorbells + 4 * (uint)queue) = (ushort)queue;
    }

    /// <summary>Allocates a buffer with these bytes in it.</summary>
    internal ulong Place(ReadOnlySpan<byte> bytes)
    {
        ulong address = Allocate(bytes.Length, 1);
        bytes.CopyTo(At(address, bytes.Length));
        return address;
    }

    /// <summary>Sends a frame after an empty header, as one piece, and lets the card run.</summary>
    internal void Send(byte[] frame)
    {
        byte[] packet = [.. new byte[HeaderLength], .. frame];
        Transmit.Add(new Piece(Place(packet), packet.Length, false));
        Transmit.NotifyIfWanted();
        Run();
    }

    /// <summary>Delivers frames from the wire, and lets the card run.</summary>
    internal void Deliver(params byte[][] frames)
    {
        foreach (byte[] frame in frames) TestWire.Deliver(frame);
        Run(2_000 + 1_000 * frames.Length);
    }

    /// <summary>A frame of that length to the card, or to another destination.</summary>
    internal static byte[] Frame(int length = 60, byte fill = 0x5A, byte[]? destination = null)
    {
        var frame = new byte[length];
        frame.AsSpan().Fill(fill);
        (destination ?? Mac).CopyTo(frame, 0);
        ((byte[])[2, 0, 0, 0, 0, 9, 0x88, 0xB5]).CopyTo(frame, 6);
        return frame;
    }
}
