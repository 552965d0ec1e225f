using System.Runtime.CompilerServices;

namespace Ixy.Simulation.Ixgbe.Registers;

/// <summary>
/// The card's counters (datasheet 8.2.3.23), as incremented by the receive and transmit paths, under the datasheet's
/// names. The registers that show these numbers, and clear them when read, are attached in
/// <see cref="StatisticsRegisters"/>. Octets count from the destination address through the FCS.
/// </summary>
internal sealed class CardStatistics
{
    internal const int QueueCounters = 16, TrafficClasses = 8;

    // Received at the MAC, good or bad.
    internal ulong CRCERRS, ILLERRC, ERRBC, MLFC, MRFC, RLEC, RUC, RFC, ROC, RJC, TPR, TOR, XEC, SSVPC;

    // Received and passed the filters.
    internal ulong GPRC, GORC, BPRC, MPRC, RXNFGPC, RXNFGBC, RXDGPC, RXDGBC;

    // Sent.
    internal ulong GPTC, GOTC, TPT, MPTC, BPTC, TXDGPC, TXDGBC;

    /// <summary>Received frames by length with FCS: 64, 65–127, 128–255, 256–511, 512–1023, 1024 and more.</summary>
    internal readonly ulong[] PRC = new ulong[6];

    /// <summary>Sent frames by length with FCS, in the same classes.</summary>
    internal readonly ulong[] PTC = new ulong[6];

    /// <summary>Missed for lack of room in the packet buffer, by traffic class.</summary>
    internal readonly ulong[] MPC = new ulong[TrafficClasses];

    /// <summary>
    /// For each counter chosen by RQSMR: received packets, bytes, and packets dropped for lack of descriptors.
    /// </summary>
    internal readonly ulong[] QPRC = new ulong[QueueCounters], QBRC = new ulong[QueueCounters],
        QPRDC = new ulong[QueueCounters];

    /// <summary>For each counter chosen by TQSM: sent packets and bytes.</summary>
    internal readonly ulong[] QPTC = new ulong[QueueCounters], QBTC = new ulong[QueueCounters];

    /// <summary>Every counter at 0, as after a reset.</summary>
    internal void Clear()
    {
        CRCERRS = ILLERRC = ERRBC = MLFC = MRFC = RLEC = RUC = RFC = ROC = RJC = TPR = TOR = XEC = SSVPC = 0;
        GPRC = GORC = BPRC = MPRC = RXNFGPC = RXNFGBC = RXDGPC = RXDGBC = 0;
        GPTC = GOTC = TPT = MPTC = BPTC = TXDGPC = TXDGBC = 0;
        foreach (ulong[] counters in (ReadOnlySpan<ulong[]>)[PRC, PTC, MPC, QPRC, QBRC, QPRDC, QPTC, QBTC])
            Array.Clear(counters);
    }

    /// <summary>The class in <see cref="PRC"/> and <see cref="PTC"/> for a frame of this many bytes with FCS.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int SizeClass(int length) => length switch
    {
        <= 64 => 0,
        < 128 => 1,
        < 256 => 2,
        < 512 => 3,
        < 1024 => 4,
        _ => 5,
    };
}
