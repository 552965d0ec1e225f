using Ixy.Simulation.Ixgbe.Receive;
using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Clocks;

/// <summary>
/// IEEE 1588 time stamps, of packets sent and received, and the X550's interrupt causes (82599 datasheet 7.9, 8.2.3.26;
/// X550 datasheet 7.7, 8.2.2.21). Pins that are driven or sampled at a given time are not modelled.
/// </summary>
internal sealed class TimeSync
{
    private readonly IxgbeCard _card;
    private readonly RegisterFile _registers;
    private readonly SystemTime _time;
    private readonly bool _isX550;
    private uint _causes;

    internal TimeSync(IxgbeCard card)
    {
        (_card, _registers, _isX550) = (card, card.Registers, card.Options.IsX550);
        _time = _isX550 ? CreateSecondsTime() : new CountedTime(card);
        Received = new ReceiveTimeStamps(card, _time) { Taken = () => Report(TSICR_.ReceiveStamp) };
        _registers.OnWrite(TSYNCTXCTL, (_, value) =>
            _registers[TSYNCTXCTL] = (_registers[TSYNCTXCTL] & TSYNCTXCTL_.Valid) | (value & TSYNCTXCTL_.Enable));
        _registers.OnRead(TXSTMP, ReadTransmitStamp);
        _registers.OnWrite(TSAUXC, (_, value) => WriteControl(value));
        _registers.OnRead(AUXSTMP, ReadSample);
        // It always reads as 0; reading it clears it, as does writing ones (X550 datasheet 8.2.2.21.25).
        _registers.OnRead(TSICR, _ => _causes = 0);
        _registers.OnWrite(TSICR, (_, value) => _causes &= ~value);
    }

    /// <summary>Time stamps of received packets.</summary>
    internal ReceiveTimeStamps Received { get; }

    internal void Reset()
    {
        _causes = 0;
        if (_isX550)
        {
            _registers[TSAUXC] = TSAUXC_.X550Reset;
            _registers[RXMTRL] = RXMTRL_.X550Reset;
        }
        _time.Reset();
    }

    /// <summary>Keeps the clock in step with the link.</summary>
    internal void Poll() => _time.Poll();

    /// <summary>
    /// Records when a packet that requests it leaves, unless the previous time stamp has not been read (7.9.3).
    /// </summary>
    internal void StampTransmit()
    {
        if ((_registers[TSYNCTXCTL] & (TSYNCTXCTL_.Enable | TSYNCTXCTL_.Valid)) != TSYNCTXCTL_.Enable) return;
        // The stamp is taken after the MAC (X550 datasheet 7.7.3.2).
        if (_isX550 && (_registers[HLREG0] & MacLoopback) != 0) return;
        ulong time = _time.Value;
        (_registers[TXSTMP, 0], _registers[TXSTMP, 1]) = ((uint)time, (uint)(time >> 32));
        _registers[TSYNCTXCTL] |= TSYNCTXCTL_.Valid;
        Report(TSICR_.TransmitStamp);
    }

    private SecondsTime CreateSecondsTime() => new(_card)
    {
        Adjusted = () => Report(TSICR_.Adjusted),
        Wrapped = () => Report(TSICR_.Wrapped),
    };

    // Reading the high half frees the register for the next time stamp (8.2.3.26.7).
    private uint ReadTransmitStamp(int index)
    {
        if (index == 1) _registers[TSYNCTXCTL] &= ~TSYNCTXCTL_.Valid;
        return _registers[TXSTMP, index];
    }

    private void WriteControl(uint value)
    {
        if ((value & TSAUXC_.Pins) != 0)
        {
            _card.Violations.Add("not-modelled", "TSAUXC", value, _isX550 ? "X550 datasheet 7.7.4" : "8.2.3.26.15",
                "a clock output, a target time or a sampled pin was enabled: this model has no pins that follow the "
                + "time");
        }
        if (!_isX550)
        {
            _registers[TSAUXC] = value;
            return;
        }
        uint taken = _registers[TSAUXC] & TSAUXC_.X550Taken;
        _registers[TSAUXC] = value & ~(TSAUXC_.X550Samples | TSAUXC_.X550Taken) | taken;
        ((SecondsTime)_time).FollowControl();
        if ((value & TSAUXC_.X550Sample0) != 0) Sample(0);
        if ((value & TSAUXC_.X550Sample1) != 0) Sample(1);
    }

    // Software requests the current time in a pair of registers, which is locked until its high half has been read
    // (7.7.4.2).
    private void Sample(int pair)
    {
        uint taken = pair == 0 ? TSAUXC_.X550Taken0 : TSAUXC_.X550Taken1;
        if ((_registers[TSAUXC] & taken) != 0) return;
        ulong time = _time.Value;
        (_registers[AUXSTMP, pair * 2], _registers[AUXSTMP, pair * 2 + 1]) = ((uint)time, (uint)(time >> 32));
        _registers[TSAUXC] |= taken;
    }

    private uint ReadSample(int index)
    {
        if (_isX550 && index % 2 == 1) _registers[TSAUXC] &= ~(index == 1 ? TSAUXC_.X550Taken0 : TSAUXC_.X550Taken1);
        return _registers[AUXSTMP, index];
    }

    // EICR.TIMESYNC is set again only after software has cleared what set it last time (X550 datasheet 8.2.2.21.25).
    private void Report(uint cause)
    {
        if (!_isX550) return;
        uint mask = _registers[TSIM];
        bool told = (_causes & mask) != 0;
        _causes |= cause;
        if (!told && (_causes & mask) != 0) _card.Interrupts.RaiseCause(EICR_.TimeSync);
    }
}
