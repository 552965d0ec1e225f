using Ixy.Ixgbe;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Ixgbe.Management;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Tests.Ixgbe.Management;

/// <summary>The EEPROM's map and how to access it (82599 datasheet 3.4, chapter 6, 8.2.3.2).</summary>
public sealed class EepromTests
{
    private const ushort Absent = 0xFFFF;

    [Fact]
    public void Section_8_2_3_2_2_EerdReadsAWordAndTakesItsTime()
    {
        using var bench = new CardBench();
        bench.Write(EERD, 0x15 << EERD_.AddressShift | EERD_.Start);
        Assert.Equal(0u, bench.Read(EERD) & EERD_.Done);
        bench.Run(Eeprom.ReadTime);
        Assert.Equal(0xFAFA_0000u | 0x15 << EERD_.AddressShift | EERD_.Done, bench.Read(EERD));
    }

    [Fact]
    public void Section_8_2_3_2_2_ASecondReadBeforeTheFirstIsDoneIsAViolation()
    {
        using var bench = new CardBench();
        bench.Write(EERD, EERD_.Start);
        bench.Write(EERD, 1 << EERD_.AddressShift | EERD_.Start);
        Assert.Equal("eeprom-read-while-busy", Assert.Single(bench.Card.Violations.All).Rule);
    }

    [Fact]
    public void Section_8_2_3_2_2_BeyondTheEndThereAreOnes()
    {
        using var bench = new CardBench();
        Assert.Equal(Absent, ReadWord(bench, EepromImage.Length));
    }

    // The checksum of 6.2.14, computed as software does: words 0 to 0x3F, and the sections that pointers 3 to 0xE
    // cover.
    [Theory]
    [InlineData(0x10FB)]
    [InlineData(0x1528)]
    public void Section_6_2_14_TheChecksumIsRight(int deviceId)
    {
        using var bench = new CardBench(
            new IxgbeCardOptions { DeviceId = (ushort)deviceId, MacAddress = 0xA0_36_9F_12_34_56 });
        ushort sum = 0;
        for (int address = 0; address < 0x40; address++) sum += ReadWord(bench, address);
        for (int pointer = 3; pointer < 0xF; pointer++)
        {
            int section = ReadWord(bench, pointer);
            if (section is 0 or Absent) continue;
            int length = ReadWord(bench, section);
            Assert.InRange(length, 1, 0x100);
            for (int address = section + 1; address <= section + length; address++) sum += ReadWord(bench, address);
        }
        Assert.Equal(0xBABA, sum);
    }

    [Fact]
    public void TheX550SumsWordsUpTo41AndThreeSectionsOfKnownLength()
    {
        using var bench = new CardBench(new IxgbeCardOptions { DeviceId = 0x1563 });
        ushort sum = 0;
        for (int address = 0; address <= 0x41; address++) sum += ReadWord(bench, address);
        for (int pointer = 2; pointer < 0xF; pointer++)
        {
            int section = ReadWord(bench, pointer);
            if (pointer is 4 or 5 || section is 0 or Absent) continue;
            int known = pointer switch { 6 => 0x24, 7 or 8 => 8, _ => 0 };
            int start = known > 0 ? section : section + 1, length = known > 0 ? known : ReadWord(bench, section);
            for (int address = start; address < start + length; address++) sum += ReadWord(bench, address);
        }
        Assert.Equal(0xBABA, sum);
    }

    [Fact]
    public void Section_6_3_5_ThePermanentAddressIsInTheCoreSectionAndInRar0()
    {
        using var bench = new CardBench(new IxgbeCardOptions { MacAddress = 0xA0_36_9F_12_34_56 });
        int core = ReadWord(bench, 0x09);
        Assert.Equal(
            [0x36A0, 0x129F, 0x5634],
            new[] { ReadWord(bench, core + 1), ReadWord(bench, core + 2), ReadWord(bench, core + 3) });
        Assert.Equal(0x129F_36A0u, bench.Read(IxgbeFeatureRegisters.RAL));
        Assert.Equal(0x8000_5634u, bench.Read(IxgbeRegisters.RAH));
    }

    [Fact]
    public void Section_6_2_5_ThePartNumberIsAStringBehindThePbaPointer()
    {
        using var bench = new CardBench();
        Assert.Equal(0xFAFA, ReadWord(bench, 0x15));
        int block = ReadWord(bench, 0x16), length = ReadWord(bench, block);
        string text = "";
        for (int index = 1; index < length; index++)
        {
            int word = ReadWord(bench, block + index);
            text += $"{(char)(word >> 8)}{(char)(word & 0xFF)}";
        }
        Assert.Matches("^[A-Z0-9]{6}-[0-9]{3}$", text);
    }

    [Fact]
    public void TheSanAddressesTheFirmwareVersionAndTheModuleSequencesAreThere()
    {
        using var bench = new CardBench(new IxgbeCardOptions { MacAddress = 0x02_00_00_82_59_10 });
        Assert.Equal(0x1259, ReadWord(bench, ReadWord(bench, 0x28) + 2)); // …:59:12, two more than the port's own
        int passThrough = ReadWord(bench, ReadWord(bench, 0x0F) + 4);
        Assert.True(ReadWord(bench, passThrough + 7) > 5);
        var kinds = new List<int>();
        for (int list = ReadWord(bench, 0x2B) + 1; ReadWord(bench, list) != Absent; list += 2)
        {
            kinds.Add(ReadWord(bench, list));
            Assert.NotEqual(Absent, ReadWord(bench, ReadWord(bench, list + 1) + 1));
        }
        Assert.Equal([3, 4, 5, 6], kinds);
    }

    [Fact]
    public void Section_8_2_3_2_1_EecTellsPresenceAndSize()
    {
        using var bench = new CardBench();
        uint eec = bench.Read(IxgbeRegisters.EEC);
        Assert.NotEqual(0u, eec & Eeprom.Present);
        Assert.NotEqual(0u, eec & Eeprom.Address16);
        Assert.Equal(EepromImage.Length, 64 << (int)(eec >> Eeprom.SizeShift & 0xF));
    }

    [Fact]
    public void Section_8_2_3_2_1_BitsMovedThroughEecReadTheChip()
    {
        using var bench = new CardBench();
        var pins = new EepromPins(bench);
        pins.Acquire();
        pins.Send(3, 8);
        pins.Send(0x15 * 2, 16);
        Assert.Equal(0xFAFA, pins.Take(16));
        Assert.Equal(bench.Card.Eeprom.Words[0x16], Swap(pins.Take(16))); // the chip advances by itself
        pins.Release();
        Assert.Empty(bench.Card.Violations.All);
    }

    [Fact]
    public void Section_8_2_3_2_1_BitsMovedThroughEecWriteTheChipOnceItIsEnabled()
    {
        using var bench = new CardBench();
        var pins = new EepromPins(bench);
        pins.Acquire();
        WriteWord(pins, 0x100, 0x1234); // ignored: not enabled
        Assert.Equal(Absent, bench.Card.Eeprom.Words[0x100]);
        pins.Send(6, 8);
        pins.Standby();
        pins.Send(5, 8);
        Assert.Equal(2, pins.Take(8)); // ready, write enabled
        pins.Standby();
        WriteWord(pins, 0x100, 0x1234);
        pins.Release();
        Assert.Equal(0x1234, ReadWord(bench, 0x100));
    }

    [Fact]
    public void Section_8_2_3_2_1_PinsMovedWithoutGrantAreAViolation()
    {
        using var bench = new CardBench();
        bench.Write(IxgbeRegisters.EEC, Eeprom.Clock);
        Assert.Equal("eeprom-pins-without-grant", Assert.Single(bench.Card.Violations.All).Rule);
    }

    [Fact]
    public void TheX540WritesWordsThroughEewrAndUpdatesItsFlash()
    {
        using var bench = new CardBench(new IxgbeCardOptions { DeviceId = 0x1528 });
        bench.Write(EEWR, 0xCAFE_0000 | 0x120 << EERD_.AddressShift | EERD_.Start);
        Assert.Equal(0u, bench.Read(EEWR) & EERD_.Done);
        bench.Run(Eeprom.WriteTime);
        Assert.NotEqual(0u, bench.Read(EEWR) & EERD_.Done);
        Assert.Equal(0xCAFE, ReadWord(bench, 0x120));
        Assert.NotEqual(0u, bench.Read(IxgbeRegisters.EEC) & Eeprom.FlashUpdateDone);
        bench.Write(IxgbeRegisters.EEC, Eeprom.FlashUpdate);
        Assert.Equal(0u, bench.Read(IxgbeRegisters.EEC) & Eeprom.FlashUpdateDone);
        bench.Run(Eeprom.FlashUpdateTime);
        Assert.NotEqual(0u, bench.Read(IxgbeRegisters.EEC) & Eeprom.FlashUpdateDone);
    }

    private static ushort ReadWord(CardBench bench, int address)
    {
        bench.Write(EERD, (uint)address << EERD_.AddressShift | EERD_.Start);
        bench.Run(Eeprom.ReadTime);
        uint value = bench.Read(EERD);
        Assert.NotEqual(0u, value & EERD_.Done);
        return (ushort)(value >> EERD_.DataShift);
    }

    private static ushort Swap(int word) => System.Buffers.Binary.BinaryPrimitives.ReverseEndianness((ushort)word);

    private static void WriteWord(EepromPins pins, int address, ushort value)
    {
        pins.Send(2, 8);
        pins.Send(address * 2, 16);
        pins.Send(Swap(value), 16);
        pins.Standby();
    }

    /// <summary>Drives the pins of EEC by hand: chip select is low while the chip is selected.</summary>
    private sealed class EepromPins(CardBench bench)
    {
        private uint _eec;

        internal void Acquire()
        {
            Set(Eeprom.Request, true);
            Assert.NotEqual(0u, bench.Read(IxgbeRegisters.EEC) & Eeprom.Grant);
            Standby();
        }

        internal void Standby()
        {
            Set(Eeprom.Select, true);
            Set(Eeprom.Select, false);
        }

        internal void Release()
        {
            Set(Eeprom.Select, true);
            Set(Eeprom.Request, false);
        }

        internal void Send(int value, int bits)
        {
            for (int bit = bits - 1; bit >= 0; bit--)
            {
                Set(Eeprom.DataIn, (value >> bit & 1) != 0);
                Set(Eeprom.Clock, true);
                Set(Eeprom.Clock, false);
            }
        }

        internal int Take(int bits)
        {
            int value = 0;
            Set(Eeprom.DataIn, false);
            for (int bit = 0; bit < bits; bit++)
            {
                Set(Eeprom.Clock, true);
                value = value << 1 | ((bench.Read(IxgbeRegisters.EEC) & Eeprom.DataOut) != 0 ? 1 : 0);
                Set(Eeprom.Clock, false);
            }
            return value;
        }

        private void Set(uint pin, bool high) =>
            bench.Write(IxgbeRegisters.EEC, _eec = high ? _eec | pin : _eec & ~pin);
    }
}
