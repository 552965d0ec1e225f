using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ixy.Simulation.Wires;

/// <summary>
/// The frames of one generator: Ethernet, IPv4 and UDP headers that are the same in every frame, and a payload derived
/// from the frame's number, so that the checker knows every expected byte and detects any change.
/// </summary>
/// <remarks>
/// <code>
///  0  destination and source MAC address   not checked: a forwarder may change them
/// 12  EtherType, IPv4 header               198.18.x.y to 198.19.x.y (RFC 2544), x.y is the generator's id;
///                                          in the identification how many flows there are, as a power of two
/// 34  UDP header                           ports 0x4000 ^ flow and its complement
/// 42  generator's id                       16 bits
/// 44  number                               64 bits, little-endian like all that follows
/// 52  complement of the number
/// 60  pairs of words                       a word that follows from number and place, and its complement
///     up to 15 bytes of zeros
/// </code>
/// A word and its complement add nothing to a one's complement sum, and neither do the two ports, so the UDP checksum
/// is the same in every frame: numbering a frame is a few stores, checking one a few loads.
/// </remarks>
internal sealed class NumberedFrame
{
    /// <summary>Shortest and longest frame, without FCS.</summary>
    internal const int Shortest = 60, Longest = 15_996;

    /// <summary>Most flows a generator may have.</summary>
    internal const int MostFlows = 256;

    private const int Type = 12, Ip = 14, Udp = 34, IdAt = 42, NumberAt = 44, ComplementAt = 52, PatternAt = 60;
    private const int FlowBitsAt = Ip + 4, SourceAt = Ip + 12, DestinationAt = Ip + 16;

    private readonly byte[] _template;
    private readonly ulong _word12, _word20, _word28, _word36, _flowMask;

    /// <param name="id">Distinguishes this generator from others.</param>
    /// <param name="length">Bytes without FCS.</param>
    /// <param name="flows">A power of two: the number of UDP port pairs, used in turn.</param>
    /// <param name="destination">Destination address.</param>
    internal NumberedFrame(ushort id, int length, int flows, MacAddress destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, Shortest);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Longest);
        _template = new byte[length];
        _flowMask = (ulong)flows - 1;
        WriteHeaders(_template, id, BitOperations.Log2((uint)flows), destination);
        WriteNumber(ref _template[0], 0);
        WriteUdpChecksum(_template);
        _word12 = Word(ref _template[0], 12);
        _word20 = Word(ref _template[0], 20);
        _word28 = Word(ref _template[0], 28);
        _word36 = Word(ref _template[0], 36);
    }

    internal int Length => _template.Length;

    /// <summary>
    /// A buffer for <see cref="Write"/>, with everything filled in that does not depend on the number.
    /// </summary>
    internal byte[] NewBuffer() => [.. _template];

    /// <summary>Turns a buffer from <see cref="NewBuffer"/> into the frame with this number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Write(byte[] buffer, ulong number)
    {
        ref byte frame = ref MemoryMarshal.GetArrayDataReference(buffer);
        ulong flow = Flow(number);
        Word(ref frame, 28) = _word28 ^ flow << 48;
        Word(ref frame, 36) = _word36 ^ flow;
        WriteNumber(ref frame, number);
    }

    /// <summary>True if the frame, from byte 12 on, is exactly the one with the number it carries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Matches(ReadOnlySpan<byte> bytes, out ulong number)
    {
        if (bytes.Length != Length)
        {
            number = 0;
            return false;
        }
        ref byte frame = ref MemoryMarshal.GetReference(bytes);
        number = Word(ref frame, NumberAt);
        ulong flow = Flow(number);
        ulong difference = Word(ref frame, 12) ^ _word12;
        difference |= Word(ref frame, 20) ^ _word20;
        difference |= Word(ref frame, 28) ^ _word28 ^ flow << 48;
        difference |= Word(ref frame, 36) ^ _word36 ^ flow;
        difference |= Word(ref frame, ComplementAt) ^ ~number;
        if (bytes.Length > PatternAt) difference |= PayloadPattern.Difference(bytes[PatternAt..], number);
        return difference == 0;
    }

    /// <summary>The generator that a frame's payload claims to come from; false if it is too short to say so.</summary>
    internal static bool TryReadId(ReadOnlySpan<byte> frame, out ushort id)
    {
        id = 0;
        if (frame.Length < NumberAt) return false;
        id = BinaryPrimitives.ReadUInt16BigEndian(frame[IdAt..]);
        return true;
    }

    /// <summary>What a frame says about its generator; false if it does not bear both marks of one.</summary>
    internal static bool TryReadMarks(ReadOnlySpan<byte> frame, out StreamMarks marks)
    {
        marks = default;
        if (frame.Length is < Shortest or > Longest) return false;
        ushort id = BinaryPrimitives.ReadUInt16BigEndian(frame[IdAt..]);
        int flowBits = BinaryPrimitives.ReadUInt16BigEndian(frame[FlowBitsAt..]);
        marks = new(id, flowBits);
        return 1 << Math.Min(flowBits, 16) <= MostFlows && HasAddressesOf(id, frame) && HasNumberAndComplement(frame);
    }

    /// <summary>
    /// The generator that a damaged frame seems to come from. A generator marks its frames twice: in the addresses, and
    /// by a number next to its complement. One mark is enough, so one damaged byte does not make a frame foreign.
    /// </summary>
    internal static bool TryGuessId(ReadOnlySpan<byte> frame, out ushort id)
    {
        id = 0;
        if (frame.Length < NumberAt) return false;
        id = (ushort)BinaryPrimitives.ReadUInt32BigEndian(frame[SourceAt..]);
        if (HasAddressesOf(id, frame)) return true;
        id = BinaryPrimitives.ReadUInt16BigEndian(frame[IdAt..]);
        return frame.Length >= PatternAt && HasNumberAndComplement(frame);
    }

    private static bool HasAddressesOf(ushort id, ReadOnlySpan<byte> frame) =>
        BinaryPrimitives.ReadUInt32BigEndian(frame[SourceAt..]) == (SourceNet | id)
        && BinaryPrimitives.ReadUInt32BigEndian(frame[DestinationAt..]) == (DestinationNet | id);

    private static bool HasNumberAndComplement(ReadOnlySpan<byte> frame) =>
        BinaryPrimitives.ReadUInt64LittleEndian(frame[NumberAt..]) == ~BinaryPrimitives.ReadUInt64LittleEndian(
            frame[ComplementAt..]);

    // 198.18.0.0/15 is reserved for benchmarks (RFC 2544, appendix C.2.2).
    private const uint SourceNet = 0xC612_0000, DestinationNet = 0xC613_0000;

    private static void WriteHeaders(Span<byte> frame, ushort id, int flowBits, MacAddress destination)
    {
        const ulong sourceMac = 0x06_69_78_79_00_00; // locally administered: "ixy" and the id
        destination.CopyTo(frame);
        new MacAddress(sourceMac | id).CopyTo(frame[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[Type..], 0x0800);
        var ip = frame[Ip..Udp];
        ip[0] = 0x45; // version 4, 5 words long
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(frame.Length - Ip));
        // The identification: meaningless in packets that are not fragments (RFC 6864).
        BinaryPrimitives.WriteUInt16BigEndian(frame[FlowBitsAt..], (ushort)flowBits);
        ip[6] = 0x40; // don't fragment
        ip[8] = 64; // time to live
        ip[9] = 17; // UDP
        BinaryPrimitives.WriteUInt32BigEndian(frame[SourceAt..], SourceNet | id);
        BinaryPrimitives.WriteUInt32BigEndian(frame[DestinationAt..], DestinationNet | id);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], (ushort)~Sum(ip, 0));
        var udp = frame[Udp..];
        BinaryPrimitives.WriteUInt16BigEndian(udp, 0x4000);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], 0xBFFF);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)udp.Length);
        BinaryPrimitives.WriteUInt16BigEndian(frame[IdAt..], id);
    }

    private static void WriteUdpChecksum(Span<byte> frame)
    {
        var udp = frame[Udp..];
        int pseudoHeader = Sum(frame[(Ip + 12)..Udp], 17 + udp.Length);
        ushort checksum = (ushort)~Sum(udp, pseudoHeader);
        BinaryPrimitives.WriteUInt16BigEndian(udp[6..], checksum == 0 ? (ushort)0xFFFF : checksum); // RFC 768
    }

    // RFC 1071, not by the driver's code: a mistake in that must not hide itself here.
    private static int Sum(ReadOnlySpan<byte> bytes, int sum)
    {
        for (int i = 0; i < bytes.Length; i++) sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
        while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteNumber(ref byte frame, ulong number)
    {
        Word(ref frame, NumberAt) = number;
        Word(ref frame, ComplementAt) = ~number;
        if (Length < PatternAt + PayloadPattern.PairLength) return;
        PayloadPattern.Write(MemoryMarshal.CreateSpan(ref frame, Length)[PatternAt..], number);
    }

    // The low byte of a big-endian port is its second byte.
    private ulong Flow(ulong number) => (number & _flowMask) << 8;

    // The host is little-endian: every machine a .NET program drives an 82599 on is (x64, Arm64).
    private static ref ulong Word(ref byte frame, int offset) =>
        ref Unsafe.As<byte, ulong>(ref Unsafe.Add(ref frame, offset));
}
