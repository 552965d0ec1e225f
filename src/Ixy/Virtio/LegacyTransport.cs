using Ixy.Vfio;
using static Ixy.Virtio.VirtioConstants;
using static Ixy.Virtio.VirtioRegisters;

namespace Ixy.Virtio;

/// <summary>
/// The registers of version 0.9.5 in I/O BAR 0 (4.1.4.10). Their byte order is the guest's; this library runs only on
/// little-endian machines.
/// </summary>
internal sealed class LegacyTransport : VirtioTransport
{
    private const int PageShift = 12;
    private readonly PciBar _bar;
    private readonly uint _config;

    internal LegacyTransport(PciDevice device) : base(device)
    {
        _bar = device.OpenBar(0);
        // The MSI-X fields come before the device configuration, but only while MSI-X is on.
        const uint Enabled = 1 << 15;
        bool msix = device.FindCapabilities(MsixCapability).Any(at => (device.ReadConfig(at + 2, 2) & Enabled) != 0);
        _config = msix ? Legacy.ConfigWithMsix : Legacy.Config;
        if (_bar.Length < _config)
            throw new DeviceProtocolException(
                $"{device.Name}: BAR 0 has {_bar.Length} bytes: expected {_config} or more, for the registers of a "
                + "legacy virtio device (virtio 1.2, 4.1.4.8)");
    }

    internal override bool IsLegacy => true;

    internal override byte Status
    {
        get => _bar.Read8(Legacy.Status);
        set => _bar.Write8(Legacy.Status, value);
    }

    internal override VirtioFeatures ReadFeatures() => (VirtioFeatures)_bar.Read32(Legacy.DeviceFeatures);

    internal override void WriteFeatures(VirtioFeatures features) =>
        _bar.Write32(Legacy.DriverFeatures, (uint)features);

    internal override uint ReadConfig(uint offset, int size) => size switch
    {
        1 => _bar.Read8(Field(offset, size)),
        2 => _bar.Read16(Field(offset, size)),
        _ => _bar.Read32(Field(offset, size)),
    };

    internal override void WriteConfig(uint offset, byte value) => _bar.Write8(Field(offset, 1), value);

    // There is no generation here: two reads that agree must do (2.5.4).
    protected override bool TryReadMacAddress(out MacAddress address)
    {
        address = ReadMacBytes();
        return ReadMacBytes() == address;
    }

    // The device sets the size, and it cannot be changed (4.1.5.1.3.1).
    internal override int ChooseQueueSize(ushort index, int wanted)
    {
        Select(index);
        return _bar.Read16(Legacy.QueueSize);
    }

    internal override VirtioDoorbell OpenDoorbell(ushort index) => new(_bar, Legacy.QueueNotify);

    internal override void Enable(Virtqueue queue)
    {
        ulong page = queue.DescriptorArea >> PageShift;
        if (page > uint.MaxValue)
            throw new DmaMemoryException(
                $"{Device.Name}: a legacy virtio device takes addresses below 2^44, and queue {queue.Index} is at "
                + $"0x{queue.DescriptorArea:x}");
        Select(queue.Index);
        _bar.Write32(Legacy.QueueAddress, (uint)page);
    }

    protected override ushort WriteQueueVector(ushort index, ushort vector)
    {
        Select(index);
        _bar.Write16(Legacy.QueueVector, vector);
        return _bar.Read16(Legacy.QueueVector);
    }

    private uint Field(uint offset, int size) => _config + RequireField(offset, size, _bar.Length - _config);

    private void Select(ushort index) => _bar.Write16(Legacy.QueueSelect, index);
}
