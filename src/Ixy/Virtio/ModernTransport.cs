using System.Numerics;
using Ixy.Vfio;
using static Ixy.Virtio.VirtioConstants;
using static Ixy.Virtio.VirtioRegisters;

namespace Ixy.Virtio;

/// <summary>The registers of a modern device, in the BARs its capabilities name (4.1.4).</summary>
internal sealed class ModernTransport : VirtioTransport
{
    private readonly Window _common, _notify, _config;
    private readonly uint _notifyMultiplier;

    private ModernTransport(PciDevice device, int common, int notify, int config) : base(device)
    {
        _common = Open(common);
        _notify = Open(notify);
        _config = Open(config);
        _notifyMultiplier = device.ReadConfig(notify + CapNotifyMultiplier, 4);
    }

    internal override bool IsLegacy => false;

    internal override byte Status
    {
        get => _common.Bar.Read8(_common.Offset + Common.Status);
        set => _common.Bar.Write8(_common.Offset + Common.Status, value);
    }

    /// <summary>Null if the device lacks one of the capabilities.</summary>
    internal static ModernTransport? TryOpen(PciDevice device)
    {
        // The first of each kind is the one the device prefers (4.1.4.1).
        int common = Find(CapType_.CommonConfig), notify = Find(CapType_.NotifyConfig),
            config = Find(CapType_.DeviceConfig);
        return common != 0 && notify != 0 && config != 0 ? new(device, common, notify, config) : null;

        int Find(byte type) => device.FindCapabilities(VendorSpecificCapability)
            .FirstOrDefault(at => device.ReadConfig(at + CapType, 1) == type && device.ReadConfig(at + CapBar, 1) < 6);
    }

    internal override VirtioFeatures ReadFeatures() => (VirtioFeatures)(ReadHalf(0) | (ulong)ReadHalf(1) << 32);

    internal override void WriteFeatures(VirtioFeatures features)
    {
        WriteHalf(0, (uint)features);
        WriteHalf(1, (uint)((ulong)features >> 32));
    }

    internal override uint ReadConfig(uint offset, int size) => size switch
    {
        1 => _config.Bar.Read8(_config.Offset + offset),
        2 => _config.Bar.Read16(_config.Offset + offset),
        _ => _config.Bar.Read32(_config.Offset + offset),
    };

    internal override void WriteConfig(uint offset, byte value) => _config.Bar.Write8(_config.Offset + offset, value);

    // A field that takes several reads is consistent if the generation is the same before and after (2.5.3).
    protected override bool TryReadMacAddress(out MacAddress address)
    {
        byte generation = _common.Bar.Read8(_common.Offset + Common.ConfigGeneration);
        address = ReadMacBytes();
        return _common.Bar.Read8(_common.Offset + Common.ConfigGeneration) == generation;
    }

    // The device gives the maximum size; a driver may choose less (4.1.5.1.3). Only packed rings may have a size that
    // is not a power of two. Ours is one anyway, because positions are masked to ring indices.
    internal override int ChooseQueueSize(ushort index, int wanted)
    {
        Select(index);
        ushort greatest = _common.Bar.Read16(_common.Offset + Common.QueueSize);
        return greatest == 0 ? 0 : Math.Min(wanted, 1 << BitOperations.Log2(greatest));
    }

    internal override VirtioDoorbell OpenDoorbell(ushort index)
    {
        Select(index);
        uint offset = _common.Bar.Read16(_common.Offset + Common.QueueNotifyOffset) * _notifyMultiplier;
        return new(_notify.Bar, _notify.Offset + offset);
    }

    internal override void Enable(Virtqueue queue)
    {
        Select(queue.Index);
        _common.Bar.Write16(_common.Offset + Common.QueueSize, (ushort)queue.Size);
        Write64(Common.QueueDescriptors, queue.DescriptorArea);
        Write64(Common.QueueDriver, queue.DriverArea);
        Write64(Common.QueueDevice, queue.DeviceArea);
        _common.Bar.Write16(_common.Offset + Common.QueueEnable, 1);
    }

    protected override ushort WriteQueueVector(ushort index, ushort vector)
    {
        Select(index);
        _common.Bar.Write16(_common.Offset + Common.QueueVector, vector);
        return _common.Bar.Read16(_common.Offset + Common.QueueVector);
    }

    private void Select(ushort index) => _common.Bar.Write16(_common.Offset + Common.QueueSelect, index);

    private uint ReadHalf(uint half)
    {
        _common.Bar.Write32(_common.Offset + Common.DeviceFeatureSelect, half);
        return _common.Bar.Read32(_common.Offset + Common.DeviceFeature);
    }

    private void WriteHalf(uint half, uint features)
    {
        _common.Bar.Write32(_common.Offset + Common.DriverFeatureSelect, half);
        _common.Bar.Write32(_common.Offset + Common.DriverFeature, features);
    }

    private void Write64(uint field, ulong value)
    {
        _common.Bar.Write32(_common.Offset + field, (uint)value);
        _common.Bar.Write32(_common.Offset + field + 4, (uint)(value >> 32));
    }

    private Window Open(int capability) => new(
        Device.OpenBar((int)Device.ReadConfig(capability + CapBar, 1)),
        Device.ReadConfig(capability + CapOffset, 4));

    /// <summary>Where a structure is.</summary>
    private readonly record struct Window(PciBar Bar, uint Offset);
}
