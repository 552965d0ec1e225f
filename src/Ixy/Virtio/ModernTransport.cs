using System.Numerics;
using Ixy.Vfio;
using static Ixy.Virtio.VirtioConstants;
using static Ixy.Virtio.VirtioRegisters;

namespace Ixy.Virtio;

/// <summary>The registers of a modern device, in the BARs its capabilities name (4.1.4).</summary>
internal sealed class ModernTransport : VirtioTransport
{
    // Up to and with queue_device (4.1.4.3); what later versions have added is not used.
    private const uint CommonLength = 0x38;

    private readonly Window _common, _notify, _config;
    private readonly uint _notifyMultiplier;

    private ModernTransport(PciDevice device, int common, int notify, int config) : base(device)
    {
        _common = Open(common, least: CommonLength, alignment: 4);
        _notify = Open(notify, least: sizeof(ushort), alignment: 2);
        _config = Open(config, least: 0, alignment: 4);
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
        1 => _config.Bar.Read8(Field(offset, size)),
        2 => _config.Bar.Read16(Field(offset, size)),
        _ => _config.Bar.Read32(Field(offset, size)),
    };

    internal override void WriteConfig(uint offset, byte value) => _config.Bar.Write8(Field(offset, 1), value);

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
        ushort place = _common.Bar.Read16(_common.Offset + Common.QueueNotifyOffset);
        ulong offset = (ulong)place * _notifyMultiplier;
        if (offset % sizeof(ushort) == 0 && offset + sizeof(ushort) <= _notify.Length)
            return new(_notify.Bar, _notify.Offset + (uint)offset);
        throw new DeviceProtocolException(
            $"{Device.Name}: the doorbell of queue {index} is at {place} times {_notifyMultiplier}: expected an even "
            + $"place in the {_notify.Length} bytes of the notify structure (virtio 1.2, 4.1.4.4)");
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

    private uint Field(uint offset, int size) => _config.Offset + RequireField(offset, size, _config.Length);

    // The device says where, and nothing leads beyond the BAR. A structure may be said to be longer than that.
    private Window Open(int capability, uint least, uint alignment)
    {
        int index = (int)Device.ReadConfig(capability + CapBar, 1);
        var bar = Device.OpenBar(index);
        uint offset = Device.ReadConfig(capability + CapOffset, 4);
        uint room = bar.Length - Math.Min(offset, bar.Length);
        uint length = Math.Min(Device.ReadConfig(capability + CapLength, 4), room);
        if (offset % alignment == 0 && length >= least) return new(bar, offset, length);
        throw new DeviceProtocolException(
            $"{Device.Name}: the structure of the capability at 0x{capability:x2} has {length} bytes at 0x{offset:x} "
            + $"of BAR {index}, which ends at 0x{bar.Length:x}: expected {least} or more at a multiple of {alignment} "
            + "(virtio 1.2, 4.1.4)");
    }

    /// <summary>Where a structure is, and how many of its bytes the BAR has.</summary>
    private readonly record struct Window(PciBar Bar, uint Offset, uint Length);
}
