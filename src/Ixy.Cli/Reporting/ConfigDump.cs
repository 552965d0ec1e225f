using Ixy.Vfio;

namespace Ixy.Cli.Reporting;

/// <summary>
/// Configuration space for others to read: without serial numbers, one of which contains the MAC address. It reads no
/// register that has side effects on reads.
/// </summary>
internal sealed class ConfigDump
{
    private const int Header = 0x40, Conventional = 0x100, Extended = 0x1000, SerialNumber = 0x0003, VendorOwn = 0x000B;
    private const int DesignatedVendorOwn = 0x0023;
    private const byte VitalData = 0x03, VendorSpecific = 0x09, PciWindow = 5;

    private readonly byte[] _bytes;
    private readonly List<CapabilityJson> _capabilities = [];

    /// <param name="read">Reads 4 bytes at an offset; throws at the end of the space.</param>
    /// <param name="isVirtio">It is a virtio device, whose capabilities include a register with side effects.</param>
    internal ConfigDump(Func<int, uint> read, bool isVirtio)
    {
        _bytes = new byte[Extended];
        int length = 0;
        var skipped = new HashSet<int>();
        try
        {
            for (; length < Conventional; length += 4)
            {
                if (length == Header) skipped = FindActing(read, isVirtio);
                if (!skipped.Contains(length)) Put(length, read(length));
            }
            FindCapabilities();
            // A function without PCI Express has no more, and the bus answers with ones.
            if (read(Conventional) is not (0 or uint.MaxValue))
            {
                for (; length < Extended; length += 4) Put(length, read(length));
                FindExtendedCapabilities();
            }
        }
        catch (Exception error) when (error is PciDeviceException or ArgumentException or IndexOutOfRangeException)
        {
            // It ends here, or this user may not read on.
        }
        // Serial numbers can only be found if all capabilities can be read.
        Length = length < Extended ? Math.Min(length, Conventional) : Extended;
    }

    /// <summary>Bytes that could be read.</summary>
    internal int Length { get; }

    /// <summary>In the order of both lists.</summary>
    internal IReadOnlyList<CapabilityJson> Capabilities => _capabilities;

    /// <summary>A number in it: 1, 2 or 4 bytes.</summary>
    internal uint? Get(int offset, int size) => offset + size > Length ? null
        : Enumerable.Range(0, size).Aggregate(0u, (value, i) => value | (uint)_bytes[offset + i] << 8 * i);

    /// <summary>As <c>lspci -xxxx</c> prints it.</summary>
    /// <param name="title">The heading: an address and a name.</param>
    internal IReadOnlyList<string> Lines(string title) =>
        [title, .. Enumerable.Range(0, Length / 16).Select(row => $"{row * 16:x2}: {Row(row)}")];

    private string Row(int row) =>
        string.Join(' ', _bytes.Skip(row * 16).Take(16).Select(value => $"{value:x2}"));

    // Reading pci_cfg_data of virtio reads a register (virtio 1.2, 4.1.4.9); VPD data shows whatever was requested
    // last, perhaps a serial number (PCI Local Bus 3.0, appendix I).
    private static HashSet<int> FindActing(Func<int, uint> read, bool isVirtio)
    {
        var acting = new HashSet<int>();
        if ((read(PciConfig.Command) & 1u << 20) == 0) return acting;
        int offset = (int)read(PciConfig.CapabilitiesPointer) & 0xFC;
        for (int left = (Conventional - Header) / 4; offset >= Header && left > 0; left--)
        {
            uint head = read(offset);
            if ((byte)head == VitalData) acting.Add(offset + 4);
            if (isVirtio && (byte)head == VendorSpecific && head >> 24 == PciWindow) acting.Add(offset + 16);
            offset = (int)(head >> 8) & 0xFC;
        }
        return acting;
    }

    private void FindCapabilities()
    {
        if ((_bytes[PciConfig.Status] & 1 << 4) == 0) return;
        int offset = _bytes[PciConfig.CapabilitiesPointer] & 0xFC;
        for (int left = (Conventional - Header) / 4; offset >= Header && left > 0; left--)
        {
            _capabilities.Add(new(offset, false, _bytes[offset], NameOf(_bytes[offset])));
            offset = _bytes[offset + 1] & 0xFC;
        }
    }

    private void FindExtendedCapabilities()
    {
        int offset = Conventional;
        for (int left = (Extended - Conventional) / 4; offset >= Conventional && left > 0; left--)
        {
            uint head = BitConverter.ToUInt32(_bytes, offset);
            int id = (int)head & 0xFFFF, next = (int)(head >> 20) & 0xFFC;
            if (head == 0) return;
            _capabilities.Add(new(offset, true, id, NameOfExtended(id)));
            if (id == SerialNumber) Clear(offset + 4, 8);
            // Only its maker knows what is in it. It says how long it is.
            if (id == VendorOwn) Clear(offset + 8, (BitConverter.ToUInt16(_bytes, offset + 6) >> 4) - 8);
            // The same, with one more number in front.
            if (id == DesignatedVendorOwn)
                Clear(offset + 10, (BitConverter.ToUInt16(_bytes, offset + 6) >> 4) - 10);
            offset = next;
        }
    }

    private void Clear(int offset, int length) =>
        _bytes.AsSpan(Math.Min(offset, Extended), Math.Clamp(length, 0, Math.Max(0, Extended - offset))).Clear();

    private void Put(int offset, uint value) => BitConverter.TryWriteBytes(_bytes.AsSpan(offset), value);

    // PCI Code and ID Assignment Specification, chapters 2 and 3.
    private static string? NameOf(int id) => id switch
    {
        0x01 => "power management",
        0x03 => "vital product data",
        0x05 => "MSI",
        0x09 => "vendor specific",
        0x10 => "PCI Express",
        0x11 => "MSI-X",
        0x13 => "advanced features",
        0x14 => "enhanced allocation",
        _ => null,
    };

    private static string? NameOfExtended(int id) => id switch
    {
        0x0001 => "advanced error reporting",
        0x0002 => "virtual channel",
        SerialNumber => "device serial number",
        0x0004 => "power budgeting",
        VendorOwn => "vendor specific",
        0x000D => "access control services",
        0x000E => "alternative routing-ID",
        0x000F => "address translation services",
        0x0010 => "SR-IOV",
        0x0015 => "resizable BAR",
        0x0017 => "TPH requester",
        0x0018 => "latency tolerance reporting",
        0x0019 => "secondary PCI Express",
        0x001B => "process address space id",
        0x001E => "L1 PM substates",
        DesignatedVendorOwn => "designated vendor specific",
        _ => null,
    };
}
