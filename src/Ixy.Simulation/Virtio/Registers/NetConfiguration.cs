using System.Buffers.Binary;

namespace Ixy.Simulation.Virtio.Registers;

/// <summary>The device-specific configuration of a network device (virtio 1.2, 5.1.4), and its link.</summary>
internal sealed class NetConfiguration
{
    internal const uint Length = 20;
    private const int MacOffset = 0, StatusOffset = 6, PairsOffset = 8, MtuOffset = 10, SpeedOffset = 12, MacLength = 6;
    private const ushort LinkUp = 1;
    private const uint SpeedMbps = 10_000;

    private static readonly FieldTable s_fields = new("config",
        new("mac[0]", 0, 1), new("mac[1]", 1, 1), new("mac[2]", 2, 1), new("mac[3]", 3, 1), new("mac[4]", 4, 1),
        new("mac[5]", 5, 1), new("status", 6, 2), new("max_virtqueue_pairs", 8, 2), new("mtu", 10, 2), new("speed", 12, 4),
        new("duplex", 16, 1));

    private readonly VirtioCard _card;
    private readonly byte[] _bytes = new byte[Length];

    internal NetConfiguration(VirtioCard card)
    {
        _card = card;
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(PairsOffset), (ushort)card.Options.QueuePairs);
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(MtuOffset), (ushort)card.Options.Mtu);
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(SpeedOffset), SpeedMbps);
        Reset();
    }

    /// <summary>Counts changes, so that a driver can tell whether it read parts of two states (4.1.4.3.1).</summary>
    internal byte Generation { get; private set; }

    internal bool IsLinkUp { get; private set; }

    /// <summary>The address that the receive filter accepts, as it lies on the wire.</summary>
    internal Span<byte> Mac => _bytes.AsSpan(MacOffset, MacLength);

    /// <summary>Follows the wire.</summary>
    internal void Poll()
    {
        if (_card.Wire.HasSignal == IsLinkUp) return;
        ShowLink();
        Generation++;
        if (_card.Control.Has(DeviceState.DriverOk) && _card.Control.HasFeature(VirtioFeatures.Status)) _card.Interrupts.RaiseConfiguration();
    }

    /// <summary>The driver chose another address, by command or, as legacy drivers do, in place.</summary>
    internal void SetMac(ReadOnlySpan<byte> address)
    {
        address.CopyTo(Mac);
        Generation++;
    }

    internal uint Read(uint offset, int size)
    {
        CheckWidth(offset, size);
        uint value = 0;
        for (int i = 0; i < size && offset + i < Length; i++) value |= (uint)_bytes[offset + i] << 8 * i;
        _card.Trace?.Invoke($"read  {s_fields.Describe(offset)} -> 0x{value:x}");
        return value;
    }

    internal void Write(uint offset, uint value, int size)
    {
        _card.Trace?.Invoke($"write {s_fields.Describe(offset)} <- 0x{value:x}");
        // With the legacy interface the address can be written (5.1.4.3).
        if (_card.Options.IsLegacy && offset + size <= MacLength)
        {
            for (int i = 0; i < size; i++) _bytes[offset + i] = (byte)(value >> 8 * i);
            Generation++;
            return;
        }
        _card.Report(VirtioRule.ReadOnly, s_fields.Describe(offset), value);
    }

    internal void Reset()
    {
        new MacAddress(_card.Options.MacAddress).CopyTo(Mac);
        ShowLink();
    }

    private void ShowLink()
    {
        IsLinkUp = _card.Wire.HasSignal;
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(StatusOffset), IsLinkUp ? LinkUp : (ushort)0);
    }

    // Drivers of the legacy interface read as they like.
    private void CheckWidth(uint offset, int size)
    {
        if (_card.Options.IsLegacy || s_fields.Find(offset) is { } field && field.Offset == offset && field.Size == size) return;
        _card.Report(VirtioRule.AccessWidth, s_fields.Describe(offset), (ulong)size);
    }
}
