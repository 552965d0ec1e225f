using Ixy.Ixgbe;
using Ixy.Vfio;
using Ixy.Virtio;

namespace Ixy.Cli.Reporting;

/// <summary>An access and its meaning.</summary>
/// <param name="Name">The register's name; null if it is not known.</param>
/// <param name="Index">Which element of an array.</param>
/// <param name="IsElement">It is an array element.</param>
/// <param name="Value">What was read or written, in hexadecimal; a question mark is an omitted digit.</param>
internal readonly record struct NamedAccess(string? Name, int Index, bool IsElement, string Value);

/// <summary>
/// Names of a function's registers, and which of their bits are omitted: those that hold a MAC address, or words of an
/// EEPROM, which also contains it, along with serial numbers.
/// </summary>
internal sealed class RegisterNames
{
    internal const ushort VendorVirtio = 0x1AF4;
    private const ushort VendorIntel = 0x8086;
    private const uint WholeRegister = uint.MaxValue;
    // 8.2.3.2.2: the word that was read is in the upper half.
    private const uint EepromWord = 0xFFFF_0000;
    private const uint Legacy = VirtioRegisters.Legacy.Config, LegacyWithMsix = VirtioRegisters.Legacy.ConfigWithMsix;

    private readonly Dictionary<(int Bar, uint Offset, int Size), Element> _all = [];
    private readonly bool _isLegacyVirtio, _isUnknown;

    /// <summary>None are known, and all values are left out.</summary>
    internal RegisterNames() => _isUnknown = true;

    /// <param name="function">Whose.</param>
    /// <exception cref="PciDeviceException">It does not tell.</exception>
    internal RegisterNames(PciDevice function)
    {
        switch (function.VendorId)
        {
            case VendorIntel:
                AddIxgbe();
                break;
            case VendorVirtio:
                _isLegacyVirtio = AddVirtio(function);
                break;
            default:
                _isUnknown = true;
                break;
        }
    }

    internal NamedAccess Find(PciAccess access)
    {
        if (access.Bar is not { } bar) return new(null, 0, false, Hex(access, SecretOfConfig(access)));
        return _all.TryGetValue((bar, access.Offset, access.Size), out var found)
            ? new(found.Register.Name, found.Index, found.Register.Count > 1, Hex(access, found.Secret))
            : new(null, 0, false, Hex(access, _isUnknown || IsLegacyAddress(access) ? WholeRegister : 0));
    }

    // None of our drivers reads serial numbers there.
    private static uint SecretOfConfig(PciAccess access) => access.Offset >= 0x100 ? WholeRegister : 0;

    // The card's configuration is at 0x14, or at 0x18 with MSI-X (4.1.4.10); it starts with the address, which is read
    // byte by byte.
    private bool IsLegacyAddress(PciAccess access) =>
        _isLegacyVirtio && access is { Bar: 0, Size: 1, Offset: >= Legacy and < LegacyWithMsix + 6 };

    private static string Hex(PciAccess access, uint secret)
    {
        char[] digits = access.Value.ToString($"x{access.Size * 2}").ToCharArray();
        for (int i = 0; i < digits.Length; i++)
        {
            if ((secret >> 4 * (digits.Length - 1 - i) & 0xF) != 0) digits[i] = '?';
        }
        return $"0x{new string(digits)}";
    }

    private void AddIxgbe()
    {
        foreach (var register in IxgbeRegisters.All.Concat(IxgbeFeatureRegisters.All))
        {
            uint secret = register.Name switch
            {
                nameof(IxgbeFeatureRegisters.RAL) => WholeRegister,
                nameof(IxgbeRegisters.RAH) => IxgbeFeatureRegisters.RAH_.AddressMask,
                nameof(IxgbeFeatureRegisters.EERD) => EepromWord,
                _ => 0,
            };
            Add(0, 0, register, secret);
        }
    }

    // Vendor-specific capabilities say where the structures are (4.1.4). False: there are none, so it is a legacy
    // device.
    private bool AddVirtio(PciDevice function)
    {
        const byte VendorSpecific = 0x09;
        bool isLegacy = true;
        foreach (int capability in function.FindCapabilities(VendorSpecific))
        {
            int bar = (int)function.ReadConfig(capability + 4, 1);
            uint start = function.ReadConfig(capability + 8, 4);
            switch (function.ReadConfig(capability + 3, 1))
            {
                case 1:
                    isLegacy = false;
                    foreach (var register in VirtioRegisters.Common.All) Add(bar, start, register, 0);
                    break;
                case 4:
                    foreach (var register in VirtioRegisters.Net.All)
                        Add(bar, start, register, register == VirtioRegisters.Net.Mac ? WholeRegister : 0);
                    break;
            }
        }
        if (isLegacy)
        {
            foreach (var register in VirtioRegisters.Legacy.All) Add(0, 0, register, 0);
        }
        return isLegacy;
    }

    private void Add(int bar, uint start, Register register, uint secret)
    {
        for (int i = 0; i < register.Count; i++)
            _all.TryAdd((bar, start + register[i], register.Size), new(register, i, secret));
    }

    private sealed record Element(Register Register, int Index, uint Secret);
}
