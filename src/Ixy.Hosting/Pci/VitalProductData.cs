using System.Text;

namespace Ixy.Hosting.Pci;

/// <summary>
/// The vital product data capability: a small read-only store with name, part and serial number, read four bytes at a
/// time (PCI 3.0, appendix I; 82599 datasheet 9.3.9).
/// </summary>
public sealed class VitalProductData
{
    private const byte Id = 0x03, NameTag = 0x82, ReadOnlyTag = 0x90, EndTag = 0x78;
    private const uint Flag = 0x8000;

    private readonly ConfigurationSpace _config;
    private readonly RuleViolations _violations;
    private readonly int _address, _data;
    private readonly byte[] _storage;

    /// <summary>Adds the capability, which takes 8 bytes.</summary>
    /// <param name="config">The configuration space to add it to.</param>
    /// <param name="violations">Where accesses outside the store are reported.</param>
    /// <param name="offset">Its first byte.</param>
    /// <param name="name">The product's name: ASCII, at most 255 characters.</param>
    /// <param name="partNumber">The part number, likewise.</param>
    /// <param name="serialNumber">The serial number, likewise.</param>
    public VitalProductData(
        ConfigurationSpace config, RuleViolations violations, int offset, string name, string partNumber,
        string serialNumber)
    {
        (_config, _violations, _address, _data) = (config, violations, offset + 2, offset + 4);
        _storage = Storage(name, partNumber, serialNumber);
        config.AddCapability(Id, offset);
        config.Define(_address, 2, 0, writable: 0xFFFC);
        config.Define(_data, 4, 0, writable: uint.MaxValue);
        config.OnWrite(_address, 2, Transfer);
    }

    // Flag 0 requests a read and turns to 1 when the data is there; 1 requests a write and turns to 0. Nothing here is
    // writable, so a write changes nothing, as for a store without VPD-W.
    private void Transfer()
    {
        uint command = _config.Get(_address, 2);
        int address = (int)(command & ~Flag);
        if (address >= _storage.Length)
            _violations.Add(
                "vpd-outside", "VPD address", command, "9.3.9.4",
                "an access outside of the vital product data is not allowed");
        if ((command & Flag) == 0)
            _config.Set(_data, 4, address < _storage.Length ? BitConverter.ToUInt32(_storage, address) : uint.MaxValue);
        _config.Set(_address, 2, command ^ Flag);
    }

    private static byte[] Storage(string name, string partNumber, string serialNumber)
    {
        List<byte> bytes = [NameTag, (byte)name.Length, 0, .. Encoding.ASCII.GetBytes(name)];
        byte[] fields = [.. Field("PN", partNumber), .. Field("SN", serialNumber)];
        bytes.AddRange([ReadOnlyTag, (byte)(fields.Length + 4), 0, .. fields, (byte)'R', (byte)'V', 1]);
        // RV: all bytes up to and including this one add up to 0.
        bytes.Add((byte)-bytes.Sum(value => value));
        bytes.Add(EndTag);
        while (bytes.Count % 4 != 0) bytes.Add(0);
        return [.. bytes];
    }

    private static byte[] Field(string keyword, string text) =>
        [.. Encoding.ASCII.GetBytes(keyword), (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];
}
