using System.Runtime.CompilerServices;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Ixgbe.Registers;
using Ixy.Simulation.Wires;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Transmit;

/// <summary>
/// The MAC's transmit side: padding, FCS, the way out, and the counters of what was sent (datasheet 8.2.3.22.8,
/// 8.2.3.23).
/// </summary>
internal sealed class TransmitMac(IxgbeCard card)
{
    internal const uint ShortestFrame = 60, FcsLength = 4;

    /// <summary>The longest frame, not counting the FCS: 15.5 KB (7.2.3.2.4).</summary>
    internal const uint LongestFrame = 15_872;

    private static readonly byte[] s_broadcast = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];

    private readonly Wire _wire = card.Wire;
    private readonly CardStatistics _statistics = card.Statistics;
    private LinePace _pace;
    private bool _loopback;
    private long _now;
    private ulong _packets, _octets;

    /// <summary>HLREG0.TXCRCEN: an FCS is appended to frames that request it.</summary>
    internal bool AppendsFcs { get; private set; }

    /// <summary>HLREG0.TXPADEN: short frames are padded to 64 bytes with FCS.</summary>
    internal bool Pads { get; private set; }

    /// <summary>How many frame lengths, from the shortest up, need no second check.</summary>
    internal uint PlainLengths { get; private set; }

    /// <summary>Frames sent since the last <see cref="CountFor"/>.</summary>
    internal int Uncounted => (int)_packets;

    /// <summary>Applies HLREG0 and the longest frame that the packet buffer is set up for.</summary>
    internal void Configure(uint control, uint longest)
    {
        AppendsFcs = (control & HLREG0_.TxCrcEnable) != 0;
        Pads = (control & HLREG0_.TxPadEnable) != 0;
        _loopback = (control & MacLoopback) != 0;
        longest = Math.Min(longest, LongestFrame);
        // A recorder has to see every frame, so each gets the second check.
        bool isPlain = AppendsFcs && card.Recorder is null && longest >= ShortestFrame;
        PlainLengths = isPlain ? longest - ShortestFrame + 1 : 0;
    }

    /// <summary>The line is one on which frames take time.</summary>
    internal bool IsPaced { get; private set; }

    /// <summary>The line has room for a frame in this turn.</summary>
    internal bool IsFree => !IsPaced || !_pace.IsBusy(_now);

    /// <summary>False if the line is still busy.</summary>
    internal bool BeginTurn(long now)
    {
        _now = now;
        IsPaced = !_loopback && LinePace.Has(card);
        return IsFree;
    }

    /// <summary>Sends a frame of at least 60 bytes as it is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Send(ReadOnlySpan<byte> frame)
    {
        if ((frame[0] & 1) != 0) CountGroup(frame);
        uint length = (uint)frame.Length + FcsLength;
        _packets++;
        _octets += length;
        _statistics.PTC[CardStatistics.SizeClass((int)length)]++;
        if (IsPaced) _pace.Take(_now, frame.Length, card);
        if (_loopback) card.Receive.Loopback(frame);
        else _wire.Send(frame, _now);
    }

    /// <summary>
    /// Sends a frame that may be short, or end with its own FCS; <paramref name="buffer"/> has room after it for
    /// padding. False if its own FCS is wrong: it goes out, but no receiver will accept it as a frame.
    /// </summary>
    internal bool Finish(Span<byte> buffer, int length, bool insertFcs)
    {
        if (!insertFcs || !AppendsFcs)
        {
            length -= (int)FcsLength;
            if (length <= 0 || FrameSums.Fcs(buffer[..length]) != BitConverter.ToUInt32(buffer[length..])) return false;
        }
        else if (Pads && length < ShortestFrame)
        {
            buffer[length..(int)ShortestFrame].Clear();
            length = (int)ShortestFrame;
        }
        Send(buffer[..length]);
        return true;
    }

    /// <summary>Adds what was sent since the last call to the card's counters and to those of a queue.</summary>
    internal void CountFor(int counter)
    {
        if (_packets == 0) return;
        _statistics.GPTC += _packets;
        _statistics.TPT += _packets;
        _statistics.TXDGPC += _packets;
        _statistics.QPTC[counter] += _packets;
        _statistics.GOTC += _octets;
        _statistics.TXDGBC += _octets;
        _statistics.QBTC[counter] += _octets;
        (_packets, _octets) = (0, 0);
    }

    private void CountGroup(ReadOnlySpan<byte> frame)
    {
        if (frame.StartsWith(s_broadcast)) _statistics.BPTC++;
        else _statistics.MPTC++;
    }
}
