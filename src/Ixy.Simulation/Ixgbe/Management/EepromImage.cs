namespace Ixy.Simulation.Ixgbe.Management;

/// <summary>
/// The contents of the card's EEPROM: 8,192 words laid out as in chapter 6 of the datasheet, with a checksum that
/// drivers verify. Absent sections have the pointer 0xFFFF. The X550 sums different words than the 82599 and the X540.
/// </summary>
internal static class EepromImage
{
    internal const int Length = 8192;
    internal const ushort Absent = 0xFFFF;

    // Words of the map (6.2, 6.3).
    private const int PcieAnalog = 0x03, Core0Analog = 0x04, Core1Analog = 0x05, PcieGeneral = 0x06;
    private const int PcieFunction0 = 0x07, PcieFunction1 = 0x08, Core0 = 0x09, Core1 = 0x0A, Mac0 = 0x0B, Mac1 = 0x0C;
    private const int Csr0 = 0x0D, Csr1 = 0x0E, Firmware = 0x0F, PbaFlag = 0x15, PbaPointer = 0x16;
    private const int SanMac = 0x28, PhyInit = 0x2B, DeviceCaps = 0x2C, TrackLow = 0x2D, TrackHigh = 0x2E;
    internal const int ChecksumWord = 0x3F;
    private const int FreeSpace = 0x3E;
    private const int PcieGeneralLength = 0x24, PcieFunctionLength = 8;

    /// <summary>The words for a card with these options.</summary>
    internal static ushort[] Build(IxgbeCardOptions options)
    {
        var words = new ushort[Length];
        Array.Fill(words, Absent);
        int free = 0x50;
        words[0] = 0x0740; // control word 1: 16 KiB, signature 01
        words[1] = 0x0000; // control word 2
        words[2] = options.IsX550 ? Absent : (ushort)0x0001; // control word 3; a pointer in the X550
        words[PcieAnalog] = Section(words, ref free, 0x0001, 0x0000);
        words[PcieGeneral] = Section(words, ref free, General(options));
        words[PcieFunction0] = Section(words, ref free, Function(options));
        words[PcieFunction1] = Section(words, ref free, Function(options));
        words[Core0] = Section(words, ref free, Core(options.MacAddress));
        words[Core1] = Section(words, ref free, Core(options.MacAddress + 1));
        words[Mac0] = Section(words, ref free, Mac());
        words[Mac1] = Section(words, ref free, Mac());
        words[Csr0] = Section(words, ref free, 0, 0, 0);
        words[Csr1] = Section(words, ref free, 0, 0, 0);
        words[Firmware] = FirmwareModule(words, ref free);
        words[PbaFlag] = 0xFAFA; // the PBA number is a string elsewhere (6.2.5)
        words[PbaPointer] = PartNumber(words, ref free, "E82599-001");
        words[0x26] = 0; // no external thermal sensor
        words[SanMac] = Raw(words, ref free, [.. Address(options.MacAddress + 2), .. Address(options.MacAddress + 3)]);
        words[PhyInit] = options.IsCopper ? Absent : SfpSequences(words, ref free);
        words[DeviceCaps] = 0x0002; // genuine modules only, no FCoE
        (words[TrackLow], words[TrackHigh]) = (0x0001, 0x8000);
        words[FreeSpace] = (ushort)free;
        words[ChecksumWord] = Checksum(words, options.IsX550);
        return words;
    }

    /// <summary>The permanent address of a port: in its core section, from word 1 (6.3.5).</summary>
    internal static (uint Low, uint High) PermanentAddress(ReadOnlySpan<ushort> words)
    {
        int section = words[Core0];
        return ((uint)(words[section + 1] | words[section + 2] << 16), words[section + 3]);
    }

    /// <summary>
    /// The value of word 0x3F: with it, the first 64 words and the sections that the words 0x03 to 0x0E point to add up
    /// to 0xBABA (6.2.14).
    /// </summary>
    internal static ushort Checksum(ReadOnlySpan<ushort> words, bool isX550)
    {
        ushort sum = 0;
        int last = isX550 ? 0x41 : ChecksumWord - 1;
        for (int index = 0; index <= last; index++)
        {
            if (index != ChecksumWord) sum += words[index];
        }
        for (int index = isX550 ? 2 : PcieAnalog; index < Firmware; index++)
        {
            if (index is Core0Analog or Core1Analog || words[index] is 0 or Absent) continue;
            foreach (ushort word in Covered(words, index, isX550)) sum += word;
        }
        return (ushort)(0xBABA - sum);
    }

    // The X550 assumes the length of three sections and sums them from their first word.
    private static ReadOnlySpan<ushort> Covered(ReadOnlySpan<ushort> words, int index, bool isX550)
    {
        int section = words[index];
        return (isX550, index) switch
        {
            (true, PcieGeneral) => words.Slice(section, PcieGeneralLength),
            (true, PcieFunction0 or PcieFunction1) => words.Slice(section, PcieFunctionLength),
            _ => words.Slice(section + 1, words[section]),
        };
    }

    // A section starts with the number of words that follow; its pointer is the word address of that number.
    private static ushort Section(ushort[] words, ref int free, params ReadOnlySpan<ushort> content) =>
        Raw(words, ref free, [(ushort)content.Length, .. content]);

    private static ushort Raw(ushort[] words, ref int free, ReadOnlySpan<ushort> content)
    {
        int start = free;
        content.CopyTo(words.AsSpan(start));
        free += content.Length;
        return (ushort)start;
    }

    // Words of an address as stored in the EEPROM: the first byte on the wire in the low byte (6.3.5.2).
    private static ushort[] Address(ulong address) =>
        [Swap((ushort)(address >> 32)), Swap((ushort)(address >> 16)), Swap((ushort)address)];

    private static ushort Swap(ushort word) => System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(word);

    // Words 0x11 to 0x13 of the section: the address used to build the PCIe serial number (6.3.3).
    private static ushort[] General(IxgbeCardOptions options)
    {
        var words = new ushort[PcieGeneralLength];
        Address(options.MacAddress).CopyTo(words, 0x10);
        return words;
    }

    private static ushort[] Function(IxgbeCardOptions options) =>
        [0x0000, options.DeviceId, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000];

    // Address, LEDs 0-1 and 2-3, pins, filter control (6.3.5).
    private static ushort[] Core(ulong address) => [.. Address(address), 0x0100, 0x0504, 0x0800, 0x0000];

    // Link mode, swap, swizzle, AUTOC defaults, AUTOC2 high half, SGMIIC, KR PCS (6.3.6).
    private static ushort[] Mac() => [0x6004, 0x0000, 0x0000, 0xC09C, 0x000A, 0x0000, 0x0000];

    // Drivers check that the firmware's pass-through module is newer than version 5 (word 7 of the section that word 4
    // points to), and that there is no link establishment state machine (word 2).
    private static ushort FirmwareModule(ushort[] words, ref int free)
    {
        ushort passThrough = Section(words, ref free, 0, 0, 0, 0, 0, 0, 0x0009);
        return Section(words, ref free, 0x0000, Absent, 0x0000, passThrough);
    }

    private static ushort PartNumber(ushort[] words, ref int free, string text)
    {
        var block = new ushort[1 + text.Length / 2];
        block[0] = (ushort)block.Length; // here the number includes itself
        for (int index = 1; index < block.Length; index++)
            block[index] = (ushort)(text[index * 2 - 2] << 8 | text[index * 2 - 1]);
        return Raw(words, ref free, block);
    }

    // For each kind of module (3 to 6: copper and optical, port 0 and 1), the words a driver writes to CORECTL.
    private static ushort SfpSequences(ushort[] words, ref int free)
    {
        ushort copper = Raw(words, ref free, [2, 0x0013, 0x0203, Absent]);
        ushort optical = Raw(words, ref free, [2, 0x0013, 0x0201, Absent]);
        return Raw(words, ref free, [8, 3, copper, 4, copper, 5, optical, 6, optical, Absent]);
    }
}
