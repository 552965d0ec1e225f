using System.Buffers.Binary;
using Ixy.Simulation.Recording;
using Ixy.Virtio;
using static Ixy.Virtio.VirtioRegisters;

namespace Ixy.Simulation.Virtio.Registers;

/// <summary>The device-specific configuration of a network device (virtio 1.2, 5.1.4), and its link.</summary>
internal sealed class NetConfiguration
{
    internal const uint Length = 20;
    private const int MacLength = 6;
    private const uint SpeedMbps = 10_000;

    private static readonly FieldTable s_fields = new("config",
    [
        Net.Mac, Net.Status, Net.MaxQueuePairs, Net.Mtu, Net.Speed,
        new(16, "Of the link", Access: RegisterAccess.ReadOnly, Size: 1, Name: "duplex"),
    ]);

    private readonly VirtioCard _card;
    private readonly byte[] _bytes = new byte[Length];

    internal NetConfiguration(VirtioCard card)
    {
        _card = card;
        BinaryPrimitives.WriteUInt16LittleEndian(
            _bytes.AsSpan((int)Net.MaxQueuePairs.Offset), (ushort)card.Options.QueuePairs);
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan((int)Net.Mtu.Offset), (ushort)card.Options.Mtu);
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan((int)Net.Speed.Offset), SpeedMbps);
        Reset();
    }

    /// <summary>Counts changes, so that a driver can tell whether it read parts of two states (4.1.4.3.1).</summary>
    internal byte Generation { get; private set; }

    internal bool IsLinkUp { get; private set; }

    /// <summary>The address that the receive filter accepts, in wire order.</summary>
    internal Span<byte> Mac => _bytes.AsSpan((int)Net.Mac.Offset, MacLength);

    /// <summary>Follows the wire.</summary>
    internal void Poll()
    {
        if (_card.HasSignal == IsLinkUp) return;
        ShowLink();
        Generation++;
        if (_card.Control.Has(DeviceState.DriverOk) && _card.Control.HasFeature(VirtioFeatures.Status))
            _card.Interrupts.RaiseConfiguration();
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

    /// <summary>The name of an access at an offset.</summary>
    internal static NamedRegister NameOf(uint offset) => s_fields.NameOf(offset, "virtio 5.1.4");

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
        bool wasUp = IsLinkUp;
        IsLinkUp = _card.HasSignal;
        if (IsLinkUp != wasUp) _card.Recorder?.LinkChanged(IsLinkUp, mbps: 0);
        BinaryPrimitives.WriteUInt16LittleEndian(
            _bytes.AsSpan((int)Net.Status.Offset), IsLinkUp ? LinkStatus_.Up : (ushort)0);
    }

    // Drivers of the legacy interface read with any width.
    private void CheckWidth(uint offset, int size)
    {
        if (_card.Options.IsLegacy || s_fields.Find(offset) is var (field, index) && field[index] == offset
            && field.Size == size) return;
        _card.Report(VirtioRule.AccessWidth, s_fields.Describe(offset), (ulong)size);
    }
}
