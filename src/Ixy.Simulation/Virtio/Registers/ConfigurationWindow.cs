using Ixy.Hosting.Pci;

namespace Ixy.Simulation.Virtio.Registers;

/// <summary>
/// The PCI configuration access capability (virtio 1.2, 4.1.4.9): a way to the BARs through configuration space, for
/// software that cannot map them yet. An access to its data is an access to the place it names.
/// </summary>
internal sealed class ConfigurationWindow
{
    private const byte Type = 5;
    private const int DataLength = 4;

    private readonly VirtioCard _card;
    private readonly ConfigurationSpace _config;
    private readonly int _place, _data;

    internal ConfigurationWindow(VirtioCard card, ConfigurationSpace config, int place)
    {
        (_card, _config, _place, _data) = (card, config, place, place + VendorCapability.Length);
        VendorCapability.Add(config, place, VendorCapability.Length + DataLength, Type, 0, 0, 0);
        config.Define(place + VendorCapability.BarOffset, 1, 0, writable: 0xFF);
        config.Define(place + VendorCapability.OffsetOffset, 4, 0, writable: uint.MaxValue);
        config.Define(place + VendorCapability.LengthOffset, 4, 0, writable: uint.MaxValue);
        config.Define(_data, DataLength, 0, writable: uint.MaxValue);
        config.OnWrite(_data, DataLength, Write);
    }

    private int Bar => (int)_config.Get(_place + VendorCapability.BarOffset, 1);

    private uint Offset => _config.Get(_place + VendorCapability.OffsetOffset, 4);

    private int Size => (int)_config.Get(_place + VendorCapability.LengthOffset, 4);

    /// <summary>Software is about to read from configuration space: the data must be there if it reads them.</summary>
    internal void BeforeRead(int offset, int size)
    {
        // Software that reads all of configuration space did not ask for anything in a BAR.
        bool asksForData = Size != 0 && offset < _data + DataLength && offset + size > _data;
        if (!asksForData || !IsValid()) return;
        _config.Set(_data, DataLength, _card.ReadBar(Bar, Offset, Size));
    }

    private void Write()
    {
        if (!IsValid()) return;
        uint value = _config.Get(_data, DataLength) & uint.MaxValue >> 8 * (DataLength - Size);
        _card.WriteBar(Bar, Offset, value, Size);
    }

    private bool IsValid()
    {
        if (Size is 1 or 2 or 4 && Offset % (uint)Size == 0 && Offset < _card.BarLength(Bar)) return true;
        _card.Report(VirtioRule.WindowAccess, "PCI configuration access", Offset);
        return false;
    }
}
