namespace Ixy.Simulation.Ixgbe.Management;

/// <summary>
/// The serial EEPROM chip on its four wires, as software drives them through EEC (datasheet 3.4.2): 8-bit commands,
/// 16-bit byte addresses, most significant bit first; data in is sampled when the clock rises, data out changes when it
/// falls.
/// </summary>
internal sealed class SpiEeprom(ushort[] words)
{
    private const byte WriteStatus = 1, Write = 2, Read = 3, DisableWrite = 4, ReadStatus = 5, EnableWrite = 6;
    private bool _selected, _clock, _writeEnabled;
    private int _bits, _address;
    private uint _shift;
    private byte _command, _out;

    /// <summary>The chip's data line; high while the chip is not selected.</summary>
    internal bool DataOut { get; private set; } = true;

    /// <summary>New levels of chip select (true: selected, the pin is low), clock and data in.</summary>
    internal void Drive(bool selectLow, bool clock, bool data)
    {
        // EEC.CS is the level of the pin, and the chip is selected while it is low.
        if (selectLow != _selected) Select(selectLow);
        bool rose = clock && !_clock, fell = !clock && _clock;
        _clock = clock;
        if (!_selected) return;
        if (rose) Take(data);
        if (fell) Give();
    }

    private void Select(bool selected)
    {
        // A write, and write enable with it, ends when the chip is deselected.
        if (!selected && _command == Write) _writeEnabled = false;
        (_selected, _bits, _shift, _command, DataOut) = (selected, 0, 0, 0, true);
    }

    private void Take(bool data)
    {
        _shift = _shift << 1 | (data ? 1u : 0);
        _bits++;
        if (_bits == 8) Begin((byte)_shift);
        else if (_bits == 24 && _command is Read or Write) _address = (int)(_shift & 0xFFFF);
        else if (_bits > 24 && _bits % 8 == 0 && _command == Write) Store((byte)_shift);
    }

    private void Begin(byte command)
    {
        _command = command;
        if (command == EnableWrite) _writeEnabled = true;
        if (command is DisableWrite or WriteStatus) _writeEnabled = false;
    }

    private void Give()
    {
        int first = _command == ReadStatus ? 8 : _command == Read ? 24 : int.MaxValue;
        if (_bits < first) return;
        int bit = (_bits - first) % 8;
        if (bit == 0) _out = _command == ReadStatus ? Status : Fetch();
        DataOut = (_out >> (7 - bit) & 1) != 0;
    }

    // Always ready; bit 1 says that writing is enabled.
    private byte Status => (byte)(_writeEnabled ? 2 : 0);

    private byte Fetch()
    {
        int address = _address++ % (words.Length * 2);
        return (byte)(words[address / 2] >> (address % 2 * 8));
    }

    private void Store(byte value)
    {
        if (!_writeEnabled) return;
        int address = _address++ % (words.Length * 2), shift = address % 2 * 8;
        words[address / 2] = (ushort)((words[address / 2] & ~(0xFF << shift)) | value << shift);
    }
}
