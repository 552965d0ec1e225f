using System.Buffers.Binary;
using Ixy.Virtio;

namespace Ixy.Simulation.Virtio.Receive;

/// <summary>Which frames the driver wants (virtio 1.2, 5.1.6.5.1 to 5.1.6.5.3).</summary>
internal sealed class DeviceReceiveFilter(VirtioCard card)
{
    private const int AddressLength = 6, TagStart = 12;
    private const ushort VlanEtherType = 0x8100, VlanMask = 0xFFF;

    private readonly bool[] _vlans = new bool[VlanMask + 1];
    private readonly HashSet<ulong> _unicast = [], _multicast = [];
    private bool _filtersAddresses, _filtersVlans;

    /// <summary>Everything; overrides all other modes.</summary>
    internal bool IsPromiscuous { get; set; }

    internal bool AllMulticast { get; set; }

    internal bool AllUnicast { get; set; }

    internal bool NoMulticast { get; set; }

    internal bool NoUnicast { get; set; }

    internal bool NoBroadcast { get; set; }

    /// <summary>A driver that cannot say what it wants gets everything.</summary>
    internal void Start()
    {
        _filtersAddresses = card.Control.HasFeature(VirtioFeatures.ControlReceive);
        _filtersVlans = card.Control.HasFeature(CardFeatures.ControlVlan);
    }

    internal void Reset()
    {
        IsPromiscuous = AllMulticast = AllUnicast = NoMulticast = NoUnicast = NoBroadcast = false;
        _unicast.Clear();
        _multicast.Clear();
        Array.Clear(_vlans);
    }

    /// <summary>The tables of addresses, besides the device's own.</summary>
    internal void SetTables(ReadOnlySpan<byte> unicast, ReadOnlySpan<byte> multicast)
    {
        Fill(_unicast, unicast);
        Fill(_multicast, multicast);
    }

    /// <summary>Adds a VLAN to the filter or removes it; false if there is none with this id.</summary>
    internal bool TrySetVlan(ushort id, bool isWanted)
    {
        if (id >= _vlans.Length) return false;
        _vlans[id] = isWanted;
        return true;
    }

    /// <summary>Whether the driver wants this frame of at least 14 bytes.</summary>
    internal bool Accepts(ReadOnlySpan<byte> frame)
    {
        if (IsPromiscuous) return true;
        if (_filtersVlans && !AcceptsVlan(frame)) return false;
        return !_filtersAddresses || AcceptsAddress(frame[..AddressLength]);
    }

    private bool AcceptsAddress(ReadOnlySpan<byte> destination)
    {
        const ulong broadcast = 0xFFFF_FFFF_FFFF;
        ulong address = Address(destination);
        if (address == broadcast) return !NoBroadcast;
        if ((destination[0] & 1) != 0) return !NoMulticast && (AllMulticast || _multicast.Contains(address));
        return !NoUnicast && (AllUnicast || destination.SequenceEqual(card.Net.Mac) || _unicast.Contains(address));
    }

    private bool AcceptsVlan(ReadOnlySpan<byte> frame)
    {
        if (BinaryPrimitives.ReadUInt16BigEndian(frame[TagStart..]) != VlanEtherType || frame.Length < TagStart + 4)
            return true;
        return _vlans[BinaryPrimitives.ReadUInt16BigEndian(frame[(TagStart + 2)..]) & VlanMask];
    }

    private static void Fill(HashSet<ulong> table, ReadOnlySpan<byte> addresses)
    {
        table.Clear();
        for (; !addresses.IsEmpty; addresses = addresses[AddressLength..]) table.Add(Address(addresses));
    }

    private static ulong Address(ReadOnlySpan<byte> bytes) =>
        (ulong)BinaryPrimitives.ReadUInt32BigEndian(bytes) << 16 | BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
}
