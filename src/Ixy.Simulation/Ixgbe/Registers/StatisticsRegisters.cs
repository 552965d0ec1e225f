using Ixy.Hosting;
using Ixy.Ixgbe;

namespace Ixy.Simulation.Ixgbe.Registers;

/// <summary>
/// Shows <see cref="CardStatistics"/> in the statistics registers: each is cleared by reading and saturates at its
/// largest value (datasheet 8.2.3.23).
/// </summary>
internal sealed class StatisticsRegisters
{
    private const ulong Max32 = uint.MaxValue, Max36 = (1ul << 36) - 1;

    private readonly RegisterFile _registers;
    private readonly CardStatistics _counters;
    private readonly RuleViolations _violations;

    private StatisticsRegisters(RegisterFile registers, CardStatistics counters, RuleViolations violations) =>
        (_registers, _counters, _violations) = (registers, counters, violations);

    private delegate ref ulong Counter(int index);

    internal static void Attach(RegisterFile registers, CardStatistics counters, RuleViolations violations)
    {
        var attach = new StatisticsRegisters(registers, counters, violations);
        attach.Errors();
        attach.Received();
        attach.Sent();
        attach.Sizes();
        attach.Queues();
    }

    private void Errors()
    {
        Show(IxgbeRegisters.CRCERRS, _ => ref _counters.CRCERRS);
        Show(CardRegisters.ILLERRC, _ => ref _counters.ILLERRC);
        Show(CardRegisters.ERRBC, _ => ref _counters.ERRBC);
        Show(CardRegisters.MLFC, _ => ref _counters.MLFC);
        Show(CardRegisters.MRFC, _ => ref _counters.MRFC);
        Show(IxgbeRegisters.RLEC, _ => ref _counters.RLEC);
        Show(IxgbeRegisters.RUC, _ => ref _counters.RUC);
        Show(CardRegisters.RFC, _ => ref _counters.RFC);
        Show(IxgbeRegisters.ROC, _ => ref _counters.ROC);
        Show(CardRegisters.RJC, _ => ref _counters.RJC);
        Show(CardRegisters.XEC, _ => ref _counters.XEC);
        Show(CardRegisters.SSVPC, _ => ref _counters.SSVPC);
        Show(IxgbeRegisters.MPC, index => ref _counters.MPC[index]);
    }

    private void Received()
    {
        Show(CardRegisters.GPRC, _ => ref _counters.GPRC);
        Show(CardRegisters.BPRC, _ => ref _counters.BPRC);
        Show(CardRegisters.MPRC, _ => ref _counters.MPRC);
        Show(CardRegisters.TPR, _ => ref _counters.TPR);
        Show(CardRegisters.RXNFGPC, _ => ref _counters.RXNFGPC);
        Show(CardRegisters.RXDGPC, _ => ref _counters.RXDGPC);
        Show(CardRegisters.GORCL, CardRegisters.GORCH, _ => ref _counters.GORC);
        Show(CardRegisters.TORL, CardRegisters.TORH, _ => ref _counters.TOR);
        Show(CardRegisters.RXNFGBCL, CardRegisters.RXNFGBCH, _ => ref _counters.RXNFGBC);
        Show(CardRegisters.RXDGBCL, CardRegisters.RXDGBCH, _ => ref _counters.RXDGBC);
    }

    private void Sent()
    {
        Show(IxgbeRegisters.GPTC, _ => ref _counters.GPTC);
        Show(CardRegisters.TPT, _ => ref _counters.TPT);
        Show(CardRegisters.MPTC, _ => ref _counters.MPTC);
        Show(CardRegisters.BPTC, _ => ref _counters.BPTC);
        Show(CardRegisters.TXDGPC, _ => ref _counters.TXDGPC);
        Show(IxgbeRegisters.GOTCL, IxgbeRegisters.GOTCH, _ => ref _counters.GOTC);
        Show(CardRegisters.TXDGBCL, CardRegisters.TXDGBCH, _ => ref _counters.TXDGBC);
    }

    private void Sizes()
    {
        Register[] received =
        [
            CardRegisters.PRC64, CardRegisters.PRC127, CardRegisters.PRC255,
            CardRegisters.PRC511, CardRegisters.PRC1023, CardRegisters.PRC1522,
        ];
        Register[] sent =
        [
            CardRegisters.PTC64, CardRegisters.PTC127, CardRegisters.PTC255,
            CardRegisters.PTC511, CardRegisters.PTC1023, CardRegisters.PTC1522,
        ];
        for (int i = 0; i < received.Length; i++)
        {
            int size = i;
            Show(received[i], _ => ref _counters.PRC[size]);
            Show(sent[i], _ => ref _counters.PTC[size]);
        }
    }

    private void Queues()
    {
        Show(IxgbeRegisters.QPRC, index => ref _counters.QPRC[index]);
        Show(IxgbeRegisters.QPRDC, index => ref _counters.QPRDC[index]);
        Show(CardRegisters.QPTC, index => ref _counters.QPTC[index]);
        Show(IxgbeRegisters.QBRC_L, IxgbeRegisters.QBRC_H, index => ref _counters.QBRC[index]);
        Show(CardRegisters.QBTC_L, CardRegisters.QBTC_H, index => ref _counters.QBTC[index]);
    }

    private void Show(Register register, Counter counter) =>
        _registers.OnRead(register, index => (uint)Take(ref counter(index), Max32));

    // 36 bits in two registers: the low one is read first and latches the whole value, so that bytes counted between
    // the two reads are not lost; the high one returns the rest.
    private void Show(Register low, Register high, Counter counter)
    {
        var upper = new uint?[low.Count];
        _registers.OnRead(low, index =>
        {
            ulong value = Take(ref counter(index), Max36);
            upper[index] = (uint)(value >> 32);
            return (uint)value;
        });
        _registers.OnRead(high, index =>
        {
            if (upper[index] is not { } value)
            {
                value = (uint)(Math.Min(counter(index), Max36) >> 32);
                counter(index) &= uint.MaxValue;
                _violations.Add("counter-high-first", $"{high.Name}[{index}]", value, "8.2.3.23",
                    $"the high half of a 36-bit counter was read without its low half, {low.Name}, before it");
            }
            upper[index] = null;
            return value;
        });
    }

    private static ulong Take(ref ulong counter, ulong max)
    {
        ulong value = Math.Min(counter, max);
        counter = 0;
        return value;
    }
}
