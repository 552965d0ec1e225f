using System.Buffers.Binary;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Simulation.Tests.Ixgbe;

/// <summary>
/// A card that is ready to send, set up by register writes in the datasheet's order (4.6.8): link up, transmission
/// enabled, all queues disabled. Tests add queues and write descriptors by hand.
/// </summary>
internal sealed class TransmitBench : IDisposable
{
    private readonly CardBench _bench;

    internal TransmitBench(bool enable = true)
        : this(new CardBench(new IxgbeCardOptions { LinkUpDelay = 20_000 }), enable)
    {
    }

    internal TransmitBench(CardBench bench, bool enable = true)
    {
        _bench = bench;
        Write(HLREG0, HLREG0_.TxCrcEnable | HLREG0_.TxPadEnable | HLREG0_.RxCrcStrip);
        Write(RTTDCS, Read(RTTDCS) | RTTDCS_.ArbiterDisable);
        Write(DTXMXSZRQ, 0xFFF);
        Write(TXPBTHRESH, 160 - 16);
        Write(RTTDCS, Read(RTTDCS) & ~RTTDCS_.ArbiterDisable);
        BringLinkUp();
        if (!enable) return;
        Write(DMATXCTL, Read(DMATXCTL) | DMATXCTL_.Enable);
        // This has enabled queue 0 (8.2.3.9.10).
        Write(TXDCTL, 0);
    }

    internal IxgbeCard Card => _bench.Card;

    internal TestWire Wire => _bench.TestWire;

    /// <summary>Frames on the wire, without FCS.</summary>
    internal List<byte[]> Sent => Wire.FromCard;

    internal CardStatistics Statistics => Card.Statistics;

    /// <summary>The rules broken so far.</summary>
    internal string[] Broken => [.. Card.Violations.All.Select(violation => violation.Rule)];

    internal uint Read(Register register, int index = 0) => _bench.Read(register, index);

    internal void Write(Register register, uint value, int index = 0) => _bench.Write(register, value, index);

    internal void Run(long nanoseconds = 10_000) => _bench.Run(nanoseconds);

    /// <inheritdoc cref="CardBench{T}.Scatter()"/>
    internal void Scatter() => _bench.Scatter();

    /// <inheritdoc cref="CardBench{T}.Scatter(Func{ulong, bool}, Action?, Action?, Action?)"/>
    internal void Scatter(Func<ulong, bool> isFar, Action? before = null) => _bench.Scatter(isFar, before);

    internal ulong Allocate(int length, int alignment = 128) => _bench.Allocate(length, alignment);

    internal Span<byte> At(ulong address, int length) => _bench.At(address, length);

    /// <summary>Puts bytes into memory that the card can access; returns their address.</summary>
    internal ulong Place(ReadOnlySpan<byte> bytes)
    {
        ulong address = Allocate(Math.Max(bytes.Length, 1), 1);
        bytes.CopyTo(At(address, bytes.Length));
        return address;
    }

    /// <summary>
    /// Programs a ring, with <paramref name="thresholds"/> in TXDCTL, and enables the queue unless told not to.
    /// </summary>
    internal TransmitRing AddQueue(int queue = 0, int size = 64, uint thresholds = 0, bool enable = true)
    {
        var ring = new TransmitRing(this, queue, size, Allocate(size * 16));
        Write(TDBAL, (uint)ring.Address, queue);
        Write(TDBAH, (uint)(ring.Address >> 32), queue);
        Write(TDLEN, (uint)size * 16, queue);
        Write(TXDCTL, thresholds, queue);
        if (!enable) return ring;
        Write(TXDCTL, thresholds | TXDCTL_.Enable, queue);
        Assert.Equal(thresholds | TXDCTL_.Enable, Read(TXDCTL, queue));
        return ring;
    }

    /// <summary>Changes a register that may be changed only while the transmit arbiter is stopped (4.6.8).</summary>
    internal void WriteStopped(Register register, uint value, int index = 0)
    {
        Write(RTTDCS, Read(RTTDCS) | RTTDCS_.ArbiterDisable);
        Write(register, value, index);
        Write(RTTDCS, Read(RTTDCS) & ~RTTDCS_.ArbiterDisable);
    }

    internal static uint WriteBackThreshold(uint threshold) => threshold << 16;

    public void Dispose() => _bench.Dispose();

    // As a driver does: restart, then poll LINKS until the link is up.
    private void BringLinkUp()
    {
        Write(AUTOC, (Read(AUTOC) & ~AUTOC_.ModeMask) | AUTOC_.Mode10GSerial | AUTOC_.Restart);
        for (int tries = 0; tries < 10_000 && (Read(LINKS) & LINKS_.Up) == 0; tries++) Run();
        Assert.True(Card.Link.IsUp, "the link does not come up");
    }
}

/// <summary>A transmit ring in the bench's memory; descriptors are written by hand, at the tail.</summary>
internal sealed class TransmitRing(TransmitBench bench, int queue, int size, ulong address)
{
    internal int Queue => queue;

    internal int Size => size;

    internal ulong Address => address;

    /// <summary>Where the next descriptor goes.</summary>
    internal int Next { get; set; }

    /// <summary>Writes 16 bytes at the tail, without telling the card; returns the descriptor's index.</summary>
    internal int Put(ulong low, uint command, uint status)
    {
        var descriptor = bench.At(address + (ulong)Next * 16, 16);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor, low);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[8..], command);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[12..], status);
        int index = Next;
        Next = (Next + 1) % size;
        return index;
    }

    /// <summary>
    /// An advanced descriptor for a whole frame: EOP, IFCS, RS unless <paramref name="command"/> is given.
    /// </summary>
    internal int PutFrame(ReadOnlySpan<byte> frame, uint command = Tx.Whole, uint options = 0) =>
        Put(bench.Place(frame), command | Tx.Data | (uint)frame.Length, options | (uint)frame.Length << 14);

    /// <summary>A legacy descriptor for a whole frame.</summary>
    internal int PutLegacy(ReadOnlySpan<byte> frame, uint command = Tx.Whole, uint status = 0) =>
        Put(bench.Place(frame), command | (uint)frame.Length, status);

    internal int PutContext(
        int macLength = 14, int ipLength = 20, int l4Length = 20, int segmentSize = 0, uint type = Tx.IPv4 | Tx.Tcp,
        int vlan = 0, uint index = 0) =>
        Put((ulong)vlan << 16 | (uint)macLength << 9 | (uint)ipLength, Tx.Context | type,
            (uint)segmentSize << 16 | (uint)l4Length << 8 | index << 4);

    /// <summary>Moves the tail register past the descriptors written so far, and gives the card a few turns.</summary>
    internal void Send()
    {
        bench.Write(TDT, (uint)Next, queue);
        bench.Run();
    }

    internal uint Status(int index) =>
        BinaryPrimitives.ReadUInt32LittleEndian(bench.At(address + (ulong)index * 16 + 12, 4));

    internal bool IsDone(int index) => (Status(index) & 1) != 0;

    internal uint Head => bench.Read(TDH, queue);
}

/// <summary>Bits of transmit descriptors, from datasheet 7.2.3.2, not from the model.</summary>
internal static class Tx
{
    internal const uint Eop = 1u << 24, Ifcs = 1u << 25, Rs = 1u << 27, Vle = 1u << 30, Whole = Eop | Ifcs | Rs;
    internal const uint Data = 3u << 20 | 1u << 29, Context = 2u << 20 | 1u << 29;
    internal const uint Ic = 1u << 26; // legacy
    internal const uint Tse = 1u << 31; // advanced
    internal const uint Ixsm = 1u << 8, Txsm = 2u << 8, Cc = 1u << 7; // options beside PAYLEN
    internal const uint Snap = 1u << 9, IPv4 = 1u << 10, Udp = 0, Tcp = 1u << 11, Sctp = 2u << 11; // TUCMD

    internal static uint Index(uint index) => index << 4;
}

/// <summary>Frames and sums for transmit tests, computed without the model's help.</summary>
internal static class TransmitFrames
{
    /// <summary>A frame of that length with addresses, a type and a pattern.</summary>
    internal static byte[] Make(int length, int seed = 1)
    {
        var frame = new byte[length];
        for (int index = 0; index < length; index++) frame[index] = (byte)(index * 7 + seed * 13);
        byte[] header = [0x02, 0x11, 0x22, 0x33, 0x44, (byte)seed, 0x02, 0, 0, 0, 0, 1, 0x88, 0xB5];
        header.AsSpan(0, Math.Min(length, header.Length)).CopyTo(frame);
        return frame;
    }

    /// <summary>One's complement sum of big-endian words, one word at a time (RFC 1071).</summary>
    internal static ushort Sum(params ReadOnlySpan<byte> data)
    {
        int sum = 0;
        for (int index = 0; index < data.Length; index++)
        {
            sum += index % 2 == 0 ? data[index] << 8 : data[index];
            if (sum > 0xFFFF) sum -= 0xFFFF;
        }
        return (ushort)sum;
    }

    internal static ushort Sum(ushort one, ushort other) =>
        (ushort)(one + other > 0xFFFF ? one + other - 0xFFFF : one + other);

    internal static ushort Word(ReadOnlySpan<byte> data, int offset) =>
        BinaryPrimitives.ReadUInt16BigEndian(data[offset..]);

    internal static void SetWord(Span<byte> data, int offset, int value) =>
        BinaryPrimitives.WriteUInt16BigEndian(data[offset..], (ushort)value);

    /// <summary>The sum of an IPv4 or IPv6 pseudo-header, without the length if it is 0.</summary>
    internal static ushort PseudoHeader(ReadOnlySpan<byte> frame, int ipOffset, bool isIPv4, byte protocol, int length)
    {
        var addresses = isIPv4 ? frame.Slice(ipOffset + 12, 8) : frame.Slice(ipOffset + 8, 32);
        return Sum(Sum(Sum(addresses), protocol), (ushort)length);
    }

    /// <summary>The frame expected on the wire, padded with zeros to 60 bytes.</summary>
    internal static byte[] Padded(byte[] frame) =>
        frame.Length >= 60 ? frame : [.. frame, .. new byte[60 - frame.Length]];

    /// <summary>
    /// Ethernet, IPv4 or IPv6 and TCP or UDP headers with a payload; lengths are correct, checksum fields zero. TCP has
    /// <paramref name="options"/> bytes of options, and the flags <paramref name="flags"/>.
    /// </summary>
    internal static byte[] MakeIp(
        bool isIPv4, bool isTcp, ReadOnlySpan<byte> payload, int options = 0, int flags = 0x18,
        uint sequence = 0xFFFF_FF00,
        int identification = 0xFFFE)
    {
        int ip = isIPv4 ? 20 : 40, l4 = isTcp ? 20 + options : 8;
        byte[] frame = [.. Make(14), .. new byte[ip + l4], .. payload];
        SetWord(frame, 12, isIPv4 ? 0x0800 : 0x86DD);
        var header = frame.AsSpan(14);
        for (int index = isIPv4 ? 12 : 8; index < ip; index++) header[index] = (byte)(index * 31);
        byte protocol = (byte)(isTcp ? 6 : 17);
        if (isIPv4)
        {
            (header[0], header[8], header[9]) = (0x45, 64, protocol);
            SetWord(header, 2, ip + l4 + payload.Length);
            SetWord(header, 4, identification);
        }
        else
        {
            (header[0], header[6], header[7]) = (0x60, protocol, 64);
            SetWord(header, 4, l4 + payload.Length);
        }
        var transport = header[ip..];
        SetWord(transport, 0, 40_000);
        SetWord(transport, 2, 5_001);
        if (!isTcp)
        {
            SetWord(transport, 4, 8 + payload.Length);
            return frame;
        }
        BinaryPrimitives.WriteUInt32BigEndian(transport[4..], sequence);
        SetWord(transport, 12, (l4 / 4) << 12 | flags);
        transport.Slice(20, options).Fill(1);
        return frame;
    }
}
