using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Simulation.Ixgbe.Registers;
using Ixy.Simulation.Wires;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>
/// The receive side of the MAC: lengths, CRC and symbol errors, pause frames, and the counters that see frames before
/// any filter (datasheet 8.2.3.22.8, 8.2.3.22.13, 8.2.3.23).
/// </summary>
internal sealed unsafe class ReceiveMac(CardStatistics statistics, RegisterFile registers)
{
    private const uint StoreBadPackets = 1u << 1; // FCTRL

    internal const int FcsLength = 4;

    private const int Shortest = 64, LongestWithoutJumbo = 1518, LongestOfAll = 15_872, TagLength = 4,
        LongestLengthField = 1500;
    private const uint LengthErrorEnable = 1u << 27;

    private const ulong PauseAddress = 0x0100_00C2_8001;

    // EtherType IPv4 as its two bytes are in a frame, read little-endian.
    private const ushort IPv4OnWire = 0x0008;

    private uint _macControl, _maxFrame;
    private int _longest = LongestWithoutJumbo, _acceptedSpan = LongestWithoutJumbo - Shortest;
    private ulong _goodPackets, _goodOctets;

    /// <summary>The relevant parts of HLREG0 and MAXFRS; called whenever they may have changed.</summary>
    internal void Latch(uint macControl, uint maxFrame)
    {
        if (macControl == _macControl && maxFrame == _maxFrame) return;
        (_macControl, _maxFrame) = (macControl, maxFrame);
        bool jumbo = (macControl & HLREG0_.JumboEnable) != 0;
        _longest = jumbo ? Math.Clamp((int)(maxFrame >> 16), Shortest, LongestOfAll) : LongestWithoutJumbo;
        _acceptedSpan = _longest - Shortest;
    }

    /// <summary>
    /// Takes a frame while RXEN is set. False if it ends here; bad if it continues only because of FCTRL.SBP.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Accept(ReadOnlySpan<byte> frame, FrameErrors errors, out bool bad)
    {
        int length = frame.Length + FcsLength;
        bad = false;
        if (errors != FrameErrors.None || (uint)(length - Shortest) > (uint)_acceptedSpan ||
            TypeOnWire(frame) != IPv4OnWire)
        {
            return Examine(frame, errors, out bad);
        }
        CountGood(length);
        return true;
    }

    /// <summary>
    /// Counts a frame that arrives while RXEN is clear: some counters count it anyway (8.2.3.23.1, 8.2.3.23.40).
    /// </summary>
    internal void Discard(ReadOnlySpan<byte> frame, FrameErrors errors)
    {
        int length = frame.Length + FcsLength;
        if (errors == FrameErrors.None && length >= Shortest && length <= Longest(frame))
        {
            statistics.RXNFGPC++;
            statistics.RXNFGBC += (ulong)length;
        }
        else if (errors != FrameErrors.None)
        {
            CountErrors(length, errors);
        }
    }

    /// <summary>Adds what was counted since the last call to the card's statistics.</summary>
    internal void Flush()
    {
        statistics.TPR += _goodPackets;
        statistics.TOR += _goodOctets;
        statistics.RXNFGPC += _goodPackets;
        statistics.RXNFGBC += _goodOctets;
        _goodPackets = _goodOctets = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ushort TypeOnWire(ReadOnlySpan<byte> frame) =>
        Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref MemoryMarshal.GetReference(frame), 12));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CountGood(int length)
    {
        _goodPackets++;
        _goodOctets += (ulong)length;
        statistics.PRC[CardStatistics.SizeClass(length)]++;
    }

    private bool Examine(ReadOnlySpan<byte> frame, FrameErrors errors, out bool bad)
    {
        int length = frame.Length + FcsLength;
        bool oversized = length > Longest(frame);
        bad = errors != FrameErrors.None || length < Shortest || HasLengthError(frame);
        if (!bad && !oversized)
        {
            if (IsEatenMacControl(frame))
            {
                CountTotal(length);
                return false;
            }
            CountGood(length);
            return true;
        }
        CountTotal(length);
        if (oversized) CountOversized(errors);
        else if (length < Shortest) CountUndersized(errors);
        else if (errors == FrameErrors.None) statistics.RLEC++;
        CountErrors(length, errors);
        // Oversized frames are always dropped (8.2.3.22.13), other bad ones unless SBP is set (8.2.3.7.1).
        return !oversized && frame.Length >= 14 && (registers[FCTRL] & StoreBadPackets) != 0;
    }

    private void CountTotal(int length)
    {
        statistics.TPR++;
        statistics.TOR += (ulong)length;
    }

    private void CountOversized(FrameErrors errors)
    {
        if ((errors & FrameErrors.Crc) == 0) statistics.ROC++;
        else statistics.RJC++;
    }

    private void CountUndersized(FrameErrors errors)
    {
        if ((errors & FrameErrors.Crc) == 0) statistics.RUC++;
        else statistics.RFC++;
    }

    private void CountErrors(int length, FrameErrors errors)
    {
        // CRC errors count from 64 bytes up; a shorter frame with one is a fragment (8.2.3.23.1).
        if ((errors & FrameErrors.Crc) != 0 && length >= Shortest) statistics.CRCERRS++;
        if ((errors & FrameErrors.Symbol) == 0) return;
        statistics.ILLERRC++;
        statistics.ERRBC++;
    }

    // A frame with a VLAN tag may be four bytes longer (8.2.3.22.13).
    private int Longest(ReadOnlySpan<byte> frame) => IsTagged(frame) ? _longest + TagLength : _longest;

    private bool IsTagged(ReadOnlySpan<byte> frame) =>
        frame.Length >= 18 && BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) == (ushort)registers[VLNCTRL];

    // The IEEE 802.3 length field, if there is one, must give the length of what follows; below 46 bytes the rest is
    // padding (HLREG0.RXLNGTHERREN, 8.2.3.22.8).
    private bool HasLengthError(ReadOnlySpan<byte> frame)
    {
        if ((_macControl & LengthErrorEnable) == 0 || frame.Length < 60) return false;
        int start = IsTagged(frame) ? 18 : 14;
        int field = BinaryPrimitives.ReadUInt16BigEndian(frame[(start - 2)..]), payload = frame.Length - start;
        if (field > LongestLengthField) return false;
        return field > payload || field < payload && frame.Length > 60;
    }

    private bool IsEatenMacControl(ReadOnlySpan<byte> frame)
    {
        if (BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) != PacketHeaders.EtherTypeMacControl) return false;
        uint control = registers[MFLCN];
        bool pause = ReceiveFilter.Destination(frame) == PauseAddress;
        return pause
            ? (control & MFLCN_.DiscardPause) != 0 && (control & MFLCN_.ObeyPause) != 0
            : (control & MFLCN_.PassMacControl) == 0;
    }
}
