using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Management;

/// <summary>
/// The EEPROM and how software accesses it: word by word through EERD and EEWR, bit by bit through EEC, and what the
/// card loads from it after a reset (datasheet 3.4, 8.2.3.2). In the X540 and X550 it is a flash with a shadow RAM
/// accessed through EERD.
/// </summary>
internal sealed class Eeprom
{
    // EEC (8.2.3.2.1)
    internal const uint Clock = 1, Select = 1u << 1, DataIn = 1u << 2, DataOut = 1u << 3, Request = 1u << 6,
        Grant = 1u << 7;
    internal const uint Present = 1u << 8, Address16 = 1u << 10, FlashUpdate = 1u << 23, FlashUpdateDone = 1u << 26;
    internal const int SizeShift = 11;
    private const uint FlashWriteMask = 3u << 4, SectionsDone = 0x7Fu << 15;

    // A read is 8 bits of command, 16 of address and 16 of data at 2 MHz, plus some overhead; a write also has to be
    // programmed.
    internal const long ReadTime = 10_000, WriteTime = 50_000, FlashUpdateTime = 1_000_000;

    private readonly IxgbeCard _card;
    private readonly RegisterFile _registers;
    private readonly SpiEeprom _spi;
    private long _readDoneAt = long.MinValue, _writeDoneAt = long.MinValue, _flashDoneAt = long.MinValue;

    internal Eeprom(IxgbeCard card)
    {
        _card = card;
        _registers = card.Registers;
        Words = EepromImage.Build(card.Options);
        _spi = new SpiEeprom(Words);
        _registers.OnRead(EEC, _ => ReadEec());
        _registers.OnWrite(EEC, (_, value) => WriteEec(value));
        _registers.OnRead(EERD, _ => _registers[EERD] | (card.Now >= _readDoneAt ? EERD_.Done : 0));
        _registers.OnWrite(EERD, (_, value) => StartRead(value));
        _registers.OnRead(EEWR, _ => _registers[EEWR] | (card.Now >= _writeDoneAt ? EERD_.Done : 0));
        _registers.OnWrite(EEWR, (_, value) => StartWrite(value));
        _registers.OnRead(EEMNGCTL, _ => _registers[EEMNGCTL] |
            (card.Control.SinceReset >= DeviceControl.ConfigurationDone
                ? EEMNGCTL_.ConfigurationDone0 | EEMNGCTL_.ConfigurationDone1 : 0));
        Load();
    }

    /// <summary>The contents; they survive resets.</summary>
    internal ushort[] Words { get; }

    /// <summary>Makes the checksum wrong, or right again.</summary>
    internal void SpoilChecksum() => Words[EepromImage.ChecksumWord] ^= 1;

    /// <summary>The auto-read after a reset (3.4.3): a port's own address becomes its first receive address.</summary>
    internal void Load()
    {
        var (low, high) = EepromImage.PermanentAddress(Words);
        _registers[RAL] = low;
        _registers[RAH] = high | RAH_.Valid;
    }

    /// <summary>Drops transfers interrupted by a reset.</summary>
    internal void Reset()
    {
        _readDoneAt = _writeDoneAt = long.MinValue;
        _registers[EERD] = _registers[EEWR] = 0;
    }

    private static int Address(uint value) => (int)(value >> EERD_.AddressShift) & 0x3FFF;

    private void StartRead(uint value)
    {
        if ((value & EERD_.Start) == 0) return;
        if (_card.Now < _readDoneAt)
        {
            _card.Violations.Add("eeprom-read-while-busy", "EERD", value, "8.2.3.2.2",
                "a read was started before the one before it was done: wait for EERD.DONE");
        }
        int address = Address(value);
        // Beyond its end the chip's data line stays high.
        uint data = address < Words.Length ? Words[address] : 0xFFFFu;
        _registers[EERD] = (value & 0xFFFC) | data << EERD_.DataShift;
        _readDoneAt = _card.Now + ReadTime;
    }

    private void StartWrite(uint value)
    {
        if ((value & EERD_.Start) == 0) return;
        int address = Address(value);
        if (address < Words.Length) Words[address] = (ushort)(value >> EERD_.DataShift);
        _registers[EEWR] = value & ~(EERD_.Start | EERD_.Done);
        _writeDoneAt = _card.Now + WriteTime;
    }

    private uint ReadEec()
    {
        uint value = _registers[EEC] & (Clock | Select | DataIn | FlashWriteMask | Request);
        value |= Present | Address16 | Size << SizeShift;
        if ((value & Request) != 0) value |= Grant;
        if (_spi.DataOut) value |= DataOut;
        if (_card.Control.SinceReset >= _card.Control.AutoReadEnds) value |= EEC_.AutoReadDone | SectionsDone;
        if (_card.Options.IsCopper && _card.Now >= _flashDoneAt) value |= FlashUpdateDone;
        return value;
    }

    // Words = 64 << size (8.2.3.2.1).
    private uint Size => (uint)System.Numerics.BitOperations.Log2((uint)Words.Length) - 6;

    private void WriteEec(uint value)
    {
        const uint pins = Clock | Select | DataIn;
        bool granted = (_registers[EEC] & value & Request) != 0;
        if (((_registers[EEC] ^ value) & pins) != 0 && !granted && (value & pins) != 0)
        {
            _card.Violations.Add("eeprom-pins-without-grant", "EEC", value, "8.2.3.2.1",
                "EEPROM pins were moved before access was requested (EE_REQ) and granted (EE_GNT)");
        }
        _registers[EEC] = value;
        if (_card.Options.IsCopper && (value & FlashUpdate) != 0) _flashDoneAt = _card.Now + FlashUpdateTime;
        if (granted) _spi.Drive((value & Select) == 0, (value & Clock) != 0, (value & DataIn) != 0);
    }
}
