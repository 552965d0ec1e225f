using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;

namespace Ixy.Ixgbe;

// 6.2.14 The checksum that drivers check. The card itself does not use it.
public sealed partial class IxgbeDevice
{
    private const int ChecksumWord = 0x3F, FirstPointer = 3, LastPointer = 0x0E, Expected = 0xBABA;

    /// <summary>
    /// Reads the EEPROM of an 82599, a few hundred words at up to 50 µs each, and checks its checksum (6.2.14). A card
    /// with a bad EEPROM may work, or have a wrong MAC address, link mode or power settings. Opening a device does not
    /// do this.
    /// </summary>
    /// <exception cref="DeviceProtocolException">The checksum is wrong.</exception>
    /// <exception cref="DeviceTimeoutException">The EEPROM does not answer.</exception>
    /// <exception cref="DeviceGoneException">The card does not.</exception>
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

    // The first word of a section is its length. 0 or all ones: there is no section.
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
        uint read = Read(EERD);
        return IsFromNobody(read) ? throw Gone() : (ushort)(read >> EERD_.DataShift);
    }
}
