using System.Buffers.Binary;
using Ixy.Hosting;
using Ixy.Ixgbe;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Ixgbe.Registers;

namespace Ixy.Simulation.Tests.Ixgbe;

/// <summary>
/// A card on the bench that receives: the link comes up and queues are programmed through registers, as a driver does
/// it (datasheet 4.6.4, 4.6.7), and descriptors are written and read by hand.
/// </summary>
internal sealed class ReceiveBench : IDisposable
{
    internal const ulong Address = 0x0605_0403_0202; // 02:02:03:04:05:06, first byte in the low bits as in RAL and RAH

    internal const int Entries = 128, BufferLength = 2048;

    private const uint OneBuffer = 1u << 25;
    private readonly Dictionary<int, Ring> _rings = [];

    internal ReceiveBench(IxgbeCardOptions? options = null)
    {
        Bench = new CardBench(options);
        Bench.Write(IxgbeRegisters.AUTOC, Bench.Read(IxgbeRegisters.AUTOC) | IxgbeRegisters.AUTOC_.Restart);
        for (int ms = 0; !Bench.Card.Link.IsUp; ms++)
        {
            Assert.True(ms < 1000, "the link did not come up");
            Bench.Run(1_000_000);
        }
        Bench.Write(
            IxgbeRegisters.RDRXCTL,
            Bench.Read(IxgbeRegisters.RDRXCTL) & ~IxgbeRegisters.RDRXCTL_.RscFirstSize
            | IxgbeRegisters.RDRXCTL_.CrcStrip | 3u << 25);
        Bench.Write(IxgbeRegisters.FCRTH, Bench.Read(IxgbeRegisters.RXPBSIZE) - 0x6000);
        Bench.Write(IxgbeRegisters.HLREG0, Bench.Read(IxgbeRegisters.HLREG0) | IxgbeRegisters.HLREG0_.RxCrcStrip);
        Bench.Write(
            IxgbeRegisters.CTRL_EXT, Bench.Read(IxgbeRegisters.CTRL_EXT) | IxgbeRegisters.CTRL_EXT_.NoSnoopDisable);
        Bench.Write(IxgbeFeatureRegisters.RAL, (uint)(Address & uint.MaxValue));
        Bench.Write(IxgbeRegisters.RAH, (uint)(Address >> 32) | IxgbeFeatureRegisters.RAH_.Valid);
    }

    internal CardBench Bench { get; }

    internal IxgbeCard Card => Bench.Card;

    internal CardStatistics Statistics => Card.Statistics;

    internal IReadOnlyList<RuleViolation> Violations => Card.Violations.All;

    internal string[] Rules => [.. Violations.Select(violation => violation.Rule)];

    /// <summary>The usual setup: queue 0 with 127 descriptors, and RXEN.</summary>
    internal static ReceiveBench Receiving(uint split = OneBuffer | 2)
    {
        var bench = new ReceiveBench();
        bench.Start(0, split: split);
        bench.EnableReceive();
        return bench;
    }

    /// <summary>Sets RXEN while the receive path is halted and empty (4.6.7).</summary>
    internal void EnableReceive()
    {
        uint security = Bench.Read(IxgbeRegisters.SECRXCTRL);
        Bench.Write(IxgbeRegisters.SECRXCTRL, security | IxgbeRegisters.SECRXCTRL_.ReceiveDisable);
        for (int tries = 0; (Bench.Read(IxgbeRegisters.SECRXSTAT) & IxgbeRegisters.SECRXSTAT_.Ready) == 0; tries++)
        {
            Assert.True(tries < 10, "the receive path does not halt");
            Bench.Run(1_000);
        }
        Bench.Write(IxgbeRegisters.RXCTRL, IxgbeRegisters.RXCTRL_.Enable);
        Bench.Write(IxgbeRegisters.SECRXCTRL, security);
    }

    /// <summary>Programs a ring, enables the queue and gives the card all descriptors but one.</summary>
    internal Ring Start(
        int queue, uint split = OneBuffer | 2, int entries = Entries, bool tail = true, uint control = 0)
    {
        var ring = new Ring(this, queue, entries);
        _rings[queue] = ring;
        ring.Program(split);
        ring.Enable(control);
        ring.Refill(0, entries);
        if (tail) ring.Tail = (uint)entries - 1;
        return ring;
    }

    internal Ring this[int queue] => _rings[queue];

    internal void Deliver(params byte[][] frames)
    {
        foreach (byte[] frame in frames) Bench.TestWire.Deliver(frame);
        Bench.Run(2_000 + 1_000 * frames.Length);
    }

    /// <summary>A frame of that length without FCS, to the bench's address or to another.</summary>
    internal static byte[] Frame(int length = 60, byte[]? destination = null, ushort type = 0x88B5, byte fill = 0x5A)
    {
        var frame = new byte[length];
        frame.AsSpan().Fill(fill);
        (destination ?? TestPackets.Mac).CopyTo(frame, 0);
        ((byte[])[2, 0, 0, 0, 0, 9]).CopyTo(frame, 6);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), type);
        return frame;
    }

    public void Dispose() => Bench.Dispose();
}

/// <summary>A receive ring that the test controls.</summary>
internal sealed class Ring
{
    private readonly ReceiveBench _owner;

    internal Ring(ReceiveBench owner, int queue, int entries)
    {
        (_owner, Queue, Entries) = (owner, queue, entries);
        Base = owner.Bench.Allocate(entries * 16);
        Buffers = owner.Bench.Allocate(entries * ReceiveBench.BufferLength);
        Headers = owner.Bench.Allocate(entries * 256);
    }

    internal int Queue { get; }

    internal int Entries { get; }

    internal ulong Base { get; }

    internal ulong Buffers { get; }

    internal ulong Headers { get; }

    internal uint Head => _owner.Bench.Read(CardRegisters.RDH, Queue);

    internal uint Tail
    {
        get => _owner.Bench.Read(IxgbeRegisters.RDT, Queue);
        set => _owner.Bench.Write(IxgbeRegisters.RDT, value, Queue);
    }

    internal ulong Low(int index) => BinaryPrimitives.ReadUInt64LittleEndian(Descriptor(index));

    internal ulong High(int index) => BinaryPrimitives.ReadUInt64LittleEndian(Descriptor(index)[8..]);

    internal uint Status(int index) => (uint)High(index);

    internal bool IsDone(int index) => (High(index) & 1) != 0;

    internal int Length(int index) => (ushort)(High(index) >> 32);

    internal ushort VlanTag(int index) => (ushort)(High(index) >> 48);

    internal uint PacketType(int index) => (uint)Low(index) >> 4 & 0x1FFF;

    internal uint RssType(int index) => (uint)Low(index) & 15;

    internal uint Hash(int index) => (uint)(Low(index) >> 32);

    internal byte[] Data(int index) =>
        _owner.Bench.At(Buffers + (ulong)index * ReceiveBench.BufferLength, Length(index)).ToArray();

    internal byte[] Header(int index, int length) => _owner.Bench.At(Headers + (ulong)index * 256, length).ToArray();

    internal void Program(uint split)
    {
        var bench = _owner.Bench;
        bench.Write(IxgbeRegisters.RDBAL, (uint)Base, Queue);
        bench.Write(IxgbeRegisters.RDBAH, (uint)(Base >> 32), Queue);
        bench.Write(IxgbeRegisters.RDLEN, (uint)Entries * 16, Queue);
        bench.Write(IxgbeRegisters.SRRCTL, split, Queue);
        bench.Write(IxgbeRegisters.DCA_RXCTRL, 0xA200, Queue);
    }

    internal void Enable(uint control = 0)
    {
        _owner.Bench.Write(IxgbeRegisters.RXDCTL, control | IxgbeRegisters.RXDCTL_.Enable, Queue);
        Assert.NotEqual(0u, _owner.Bench.Read(IxgbeRegisters.RXDCTL, Queue) & IxgbeRegisters.RXDCTL_.Enable);
    }

    /// <summary>Writes fresh descriptors, with a header buffer if the type needs one.</summary>
    internal void Refill(int first, int count)
    {
        bool header = (_owner.Bench.Read(IxgbeRegisters.SRRCTL, Queue) >> 25 & 7) >= 2;
        for (int i = 0; i < count; i++)
        {
            int index = (first + i) % Entries;
            BinaryPrimitives.WriteUInt64LittleEndian(
                Descriptor(index), Buffers + (ulong)index * ReceiveBench.BufferLength);
            BinaryPrimitives.WriteUInt64LittleEndian(Descriptor(index)[8..], header ? Headers + (ulong)index * 256 : 0);
        }
    }

    internal Span<byte> Descriptor(int index) => _owner.Bench.At(Base + (ulong)index * 16, 16);
}
