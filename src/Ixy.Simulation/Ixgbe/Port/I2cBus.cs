using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Port;

/// <summary>
/// The two-wire bus to the SFP+ cage, as software drives its lines through I2CCTL (datasheet 3.5.8, 8.2.3.1.5): an
/// open-drain clock and data line, with the module's two pages as slaves at 0xA0 and 0xA2.
/// </summary>
internal sealed class I2cBus
{
    private const int IdentificationAddress = 0x50, DiagnosticsAddress = 0x51;

    private readonly IxgbeCard _card;
    private readonly RegisterFile _registers;
    private readonly SfpModule _module = new();
    private readonly byte[] _pointer = new byte[2];
    private State _state;
    private bool _clock = true, _data = true, _slaveLow, _ownershipReported;
    private int _bits, _page;
    private byte _shift;

    internal I2cBus(IxgbeCard card)
    {
        _card = card;
        _registers = card.Registers;
        _registers.OnRead(I2CCTL, _ => Lines(_registers[I2CCTL] & (I2CCTL_.ClockOut | I2CCTL_.DataOut)));
        _registers.OnWrite(I2CCTL, (_, value) => Write(value));
    }

    private enum State
    {
        Idle,
        Address,
        Pointer,
        Store,
        Send,
    }

    // The levels of the lines: a line is high while nothing pulls it down.
    private uint Lines(uint driven) =>
        driven | ((driven & I2CCTL_.ClockOut) != 0 ? I2CCTL_.ClockIn : 0) |
        ((driven & I2CCTL_.DataOut) != 0 && !_slaveLow ? I2CCTL_.DataIn : 0);

    private void Write(uint value)
    {
        CheckOwner(value);
        _registers[I2CCTL] = value & (I2CCTL_.ClockOut | I2CCTL_.DataOut);
        bool clock = (value & I2CCTL_.ClockOut) != 0, data = (value & I2CCTL_.DataOut) != 0 && !_slaveLow;
        if (_card.Options.HasSfpModule && !_card.Options.IsCopper) Move(clock, data);
        (_clock, _data) = (clock, (value & I2CCTL_.DataOut) != 0 && !_slaveLow);
    }

    // Only one driver at a time, and not the firmware meanwhile (10.5.4): reported once, not for each of the hundred
    // edges of a byte.
    private void CheckOwner(uint value)
    {
        if (_ownershipReported || _card.Semaphores.PhyOwned || value == _registers[I2CCTL]) return;
        _ownershipReported = true;
        _card.Violations.Add("phy-without-semaphore", "I2CCTL", value, "10.5.4",
            "the I2C lines were moved by software that holds no PHY bit of SW_FW_SYNC");
    }

    private void Move(bool clock, bool data)
    {
        if (_clock && clock && data != _data)
        {
            // Data changes while the clock is high: falling is START, rising is STOP.
            (_state, _bits, _slaveLow) = (data ? State.Idle : State.Address, 0, false);
        }
        else if (!_clock && clock) Rise(data);
        else if (_clock && !clock) Fall();
    }

    // The receiver takes a bit; the ninth is the acknowledgement.
    private void Rise(bool data)
    {
        if (_state == State.Idle) return;
        _bits++;
        if (_bits <= 8 && _state != State.Send) _shift = (byte)(_shift << 1 | (data ? 1 : 0));
        // The master does not acknowledge the last byte it wants.
        if (_bits == 9 && _state == State.Send && data) _state = State.Idle;
    }

    // The sender changes the line while the clock is low.
    private void Fall()
    {
        if (_state == State.Idle)
        {
            _slaveLow = false;
            return;
        }
        if (_bits == 9) _bits = 0;
        if (_state == State.Send) SendBit();
        else _slaveLow = _bits == 8 && Accept();
    }

    private void SendBit()
    {
        byte[] page = _page == 0 ? _module.Identification : _module.Diagnostics;
        if (_bits == 0)
        {
            _module.Update(_card.Pins.LaserOn, _card.HasSignal);
            _shift = page[_pointer[_page]++];
        }
        _slaveLow = _bits < 8 && (_shift >> (7 - _bits) & 1) == 0;
    }

    // A whole byte has arrived: true if the module acknowledges it.
    private bool Accept()
    {
        switch (_state)
        {
            case State.Address:
                int device = _shift >> 1;
                if (device is not (IdentificationAddress or DiagnosticsAddress))
                {
                    _state = State.Idle;
                    return false;
                }
                _page = device - IdentificationAddress;
                _state = (_shift & 1) != 0 ? State.Send : State.Pointer;
                return true;
            case State.Pointer:
                _pointer[_page] = _shift;
                _state = State.Store;
                return true;
            default:
                // The pages are write-protected except for the user area of the diagnostics (SFF-8472).
                if (_page == 1 && _pointer[1] is >= 128 and < 248) _module.Diagnostics[_pointer[1]] = _shift;
                _pointer[_page]++;
                return true;
        }
    }
}
