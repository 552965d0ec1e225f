using System.Buffers.Binary;
using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Management;

/// <summary>
/// The mailbox to the firmware of an X550: software writes a command to FLEX_MNG and sets HICR.C; the firmware answers
/// in the same place and sets HICR.SV. X550 drivers use it to read and write the EEPROM's shadow RAM. The 82599 and
/// X540 here run no management firmware, so HICR.EN is 0.
/// </summary>
internal sealed class HostInterface
{
    private const uint Enabled = 1, Command = 2, StatusValid = 4;
    private const byte ReadShadowRam = 0x31, WriteShadowRam = 0x33, DriverInfo = 0xDD, DisableReceive = 0xDE;
    private const byte Success = 1, Unknown = 2;
    private const int DataWord = 3;
    private const long AnswerTime = 20_000;

    private readonly IxgbeCard _card;
    private readonly RegisterFile _registers;
    private long _doneAt = long.MinValue;

    internal HostInterface(IxgbeCard card)
    {
        _card = card;
        _registers = card.Registers;
        _registers.OnRead(HICR, _ => !card.Options.IsX550 ? 0 :
            Enabled | (card.Now < _doneAt ? Command : _doneAt == long.MinValue ? 0 : StatusValid));
        _registers.OnWrite(HICR, (_, value) => Start(value));
        // FWRI is cleared by writing 1.
        _registers.OnWrite(FWSTS, (_, value) => _registers[FWSTS] &= ~value);
    }

    private void Start(uint value)
    {
        if (!_card.Options.IsX550 || (value & Command) == 0) return;
        _doneAt = _card.Now + AnswerTime;
        uint header = _registers[FLEX_MNG];
        byte command = (byte)header;
        bool known = command switch
        {
            ReadShadowRam => Read(),
            WriteShadowRam => Write(),
            DriverInfo => true,
            DisableReceive => true,
            _ => false,
        };
        // Answer header: command, length, status, checksum.
        _registers[FLEX_MNG] = command | (uint)(known ? Success : Unknown) << 16 | 0xFF00_0000;
    }

    // Words 1 and 2 of the block: byte address and number of bytes, both big-endian.
    private int Address => (int)BinaryPrimitives.ReverseEndianness(_registers[FLEX_MNG, 1]) / 2;

    private int Count => BinaryPrimitives.ReverseEndianness((ushort)_registers[FLEX_MNG, 2]) / 2;

    private bool Read()
    {
        int address = Address, count = Count;
        if (address < 0 || address + count > _card.Eeprom.Words.Length || count > (FLEX_MNG.Count - DataWord) * 2)
            return false;
        for (int index = 0; index < count; index += 2)
        {
            uint low = _card.Eeprom.Words[address + index];
            uint high = index + 1 < count ? _card.Eeprom.Words[address + index + 1] : 0u;
            _registers[FLEX_MNG, DataWord + index / 2] = low | high << 16;
        }
        return true;
    }

    private bool Write()
    {
        int address = Address;
        if (address < 0 || address >= _card.Eeprom.Words.Length) return false;
        _card.Eeprom.Words[address] = (ushort)_registers[FLEX_MNG, DataWord];
        return true;
    }
}
