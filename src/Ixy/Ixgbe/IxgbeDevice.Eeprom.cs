using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;

namespace Ixy.Ixgbe;

// 6.2.14 The checksum that drivers look at. The card itself does without.
public sealed partial class IxgbeDevice
{
    private const int ChecksumWord = 0x3F, FirstPointer = 3, LastPointer = 0x0E, Expected = 0xBABA;

    /// <summary>
    /// Reads the EEPROM of an 82599, some hundred words of at most 50 µs each, and adds them up as 6.2.14 says. A card
    /// whose EEPROM is wrong may work, or have a wrong MAC address, link mode or power settings. Not done when a device
    /// is opened.
    /// </summary>
    /// <exception cref="DeviceProtocolException">The checksum is wrong.</exception>
    /// <exception cref="DeviceTimeoutException">The EEPROM does not answer.</exception>
    /// <exception cref="FeatureNotOfferedException">An X540 or X550, which have a flash instead.</exception>
    public void VerifyEeprom()
    {
        if (IxgbeModels.HasOwnPhy(_device.DeviceId))
            throw new FeatureNotOfferedException($"{Name} has no EEPROM but a flash: expected an 82599");
        ushort sum = 0;
        for (int word = 0; word <= ChecksumWord; word++) sum += ReadWord(word);
        for (int pointer = FirstPointer; pointer <= LastPointer; pointer++) sum += SumOfSection(ReadWord(pointer));
        if (sum != Expected)
            throw new DeviceProtocolException(
                $"{Name}: the words of the EEPROM add up to 0x{sum:x4}: expected 0x{Expected:x4} (6.2.14); program "
                + "the card anew with its vendor's tool");
    }

    // Its first word is its length. 0 and ones: there is none.
    private ushort SumOfSection(ushort section)
    {
        ushort sum = 0;
        if (section is 0 or 0xFFFF) return sum;
        ushort length = ReadWord(section);
        if (length == 0xFFFF) return sum;
        for (int i = 1; i <= length; i++) sum += ReadWord(section + i);
        return sum;
    }

    private ushort ReadWord(int word)
    {
        Write(EERD, (uint)word << EERD_.AddressShift | EERD_.Start);
        WaitFor($"word 0x{word:x} of the EEPROM", EERD, EERD_.Done, set: true);
        return (ushort)(Read(EERD) >> EERD_.DataShift);
    }
}
