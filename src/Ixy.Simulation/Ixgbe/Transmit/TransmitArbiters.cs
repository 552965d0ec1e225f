using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Transmit;

/// <summary>
/// The registers that concern all transmit queues: enabling, modes, arbiters (datasheet 4.6.8, 8.2.3.9, 8.2.3.10). The
/// weights and rate limits of DCB are stored and shown, but all queues are served alike. So enabling a rate limit is a
/// violation; credits, which Linux sets for mqprio and DCB, are only a note, because the queues of traffic classes work
/// without them.
/// </summary>
internal sealed class TransmitArbiters
{
    private const int Queues = TransmitPath.Queues;
    private readonly TransmitPath _path;
    private readonly RegisterFile _registers;
    private readonly uint[] _credits = new uint[Queues], _rateLimits = new uint[Queues];
    private readonly bool[] _limitsReported = new bool[Queues];
    private bool _runningReported;

    internal TransmitArbiters(TransmitPath path)
    {
        (_path, _registers) = (path, path.Card.Registers);
        _registers.OnWrite(DMATXCTL, (_, value) => WriteControl(value));
        _registers.OnWrite(RTTDCS, (_, value) =>
        {
            _registers[RTTDCS] = value;
            AreRunning = (value & RTTDCS_.ArbiterDisable) == 0;
            _runningReported &= AreRunning;
        });
        _registers.OnWrite(MTQC, (_, value) => WriteMode(value));
        _registers.OnWrite(PFVFTE, (index, value) =>
        {
            _registers[PFVFTE, index] = value;
            _path.ApplyPools();
        });
        foreach (var register in new[] { DTXTCPFLGL, DTXTCPFLGH })
        {
            _registers.OnWrite(register, (_, value) =>
            {
                if (_path.IsTransmitEnabled && value != _registers[register])
                    Report(TransmitRule.SettingsWhileEnabled, register.Name, value);
                _registers[register] = value & 0x0FFF_0FFF;
            });
        }
        // 4.6.8: they are programmed between setting and clearing ARBDIS, even before transmission is enabled.
        foreach (var register in new[] { DTXMXSZRQ, TXPBSIZE, TXPBTHRESH, MNGTXMAP })
        {
            _registers.OnWrite(register, (index, value) =>
            {
                CheckStopped(register.Count == 1 ? register.Name : $"{register.Name}[{index}]", value);
                if (register == DTXMXSZRQ && (value & ~DTXMXSZRQ_.Most) != 0)
                    Report(TransmitRule.ReservedBits, register.Name, value);
                _registers[register, index] = value;
                _path.ConfigureMac();
            });
        }
        AttachWindow(RTTDT1C, _credits, CheckCredits);
        AttachWindow(RTTBCNRC, _rateLimits, CheckRateLimit);
        foreach (var register in new[] { RTTDT2C, RTTPT2C })
        {
            _registers.OnWrite(register, (index, value) =>
            {
                CheckCredits(register, index, value);
                _registers[register, index] = value;
            });
        }
    }

    /// <summary>RTTDCS.ARBDIS is clear: descriptors are taken from the queues (8.2.3.10.2).</summary>
    internal bool AreRunning { get; private set; }

    internal void Reset()
    {
        AreRunning = true;
        // The next driver's mistakes are its own.
        _runningReported = false;
        Array.Clear(_limitsReported);
        // Credits and rate limits of queues are in a memory that no reset clears (8.2.3.10.14).
        // At first only the first traffic class has a packet buffer (8.2.3.9.16).
        for (int index = 1; index < TXPBTHRESH.Count; index++) _registers[TXPBTHRESH, index] = 0;
        _path.ApplyPools();
    }

    private void WriteControl(uint value)
    {
        const uint Settings = TransmitOffload.GlobalDoubleVlan | 0xFFFFu << TransmitOffload.VlanTypeShift;
        if (_path.IsTransmitEnabled && ((_registers[DMATXCTL] ^ value) & Settings) != 0)
            Report(TransmitRule.SettingsWhileEnabled, "DMATXCTL", value);
        _registers[DMATXCTL] = value;
        _path.EnableTransmit((value & DMATXCTL_.Enable) != 0);
    }

    private void WriteMode(uint value)
    {
        CheckStopped("MTQC", value);
        _registers[MTQC] = value;
        bool isValid = (value & 0xF) switch
        {
            0 => true,
            MTQC_.TrafficClasses | MTQC_.Count10 or MTQC_.TrafficClasses | MTQC_.Count11 => true,
            MTQC_.Pools | MTQC_.Count01 or MTQC_.Pools | MTQC_.Count10 => true,
            MTQC_.TrafficClasses | MTQC_.Pools | MTQC_.Count10
            or MTQC_.TrafficClasses | MTQC_.Pools | MTQC_.Count11 => true,
            _ => false,
        };
        if (!isValid) Report(TransmitRule.QueueMode, "MTQC", value);
        _path.ApplyPools();
    }

    private void CheckStopped(string register, uint value)
    {
        if (!AreRunning || _runningReported) return;
        // A driver that forgets to stop them writes all of these registers, one after another.
        _runningReported = true;
        Report(TransmitRule.ArbiterRunning, register, value);
    }

    // One register shows a value for each queue: the one selected in RTTDQSEL.
    private void AttachWindow(Register register, uint[] values, Action<Register, int, uint> check)
    {
        _registers.OnRead(register, _ => values[_registers[RTTDQSEL] % Queues]);
        _registers.OnWrite(register, (_, value) =>
        {
            int queue = (int)(_registers[RTTDQSEL] % Queues);
            check(register, queue, value);
            values[queue] = value;
        });
    }

    private void CheckRateLimit(Register register, int queue, uint value)
    {
        bool isEnabled = (value & RTTBCNRC_.Enable) != 0, isKnown = _limitsReported[queue];
        _limitsReported[queue] = isEnabled;
        if (!isEnabled || isKnown) return;
        _path.Card.Violations.Add("not-modelled", $"{register.Name}[{queue}]", value, "8.2.3.10",
            "a rate limit was enabled: it is not modelled, the queue sends as fast as the line");
    }

    private void CheckCredits(Register register, int index, uint value)
    {
        if (value == 0) return;
        _path.Card.Notes.Add(
            $"{register.Name}[{index}]", "credits were set: weights are not modelled, all queues are served alike");
    }

    private void Report(TransmitRule rule, string register, uint value) =>
        _path.Card.Violations.Add(rule.Name, register, value, rule.Section, rule.Explanation);
}
