using System.Numerics;
using Ixy.Simulation.Virtio.Rings;

namespace Ixy.Simulation.Virtio.Registers;

/// <summary>The common configuration structure of a modern device (virtio 1.2, 4.1.4.3).</summary>
internal sealed class CommonConfiguration(VirtioCard card) : RegisterStructure(card, s_fields)
{
    internal static readonly Field
        DeviceFeatureSelect = new("device_feature_select", 0x00, 4, true),
        DeviceFeature = new("device_feature", 0x04, 4),
        DriverFeatureSelect = new("driver_feature_select", 0x08, 4, true),
        DriverFeature = new("driver_feature", 0x0C, 4, true),
        ConfigVector = new("config_msix_vector", 0x10, 2, true),
        NumQueues = new("num_queues", 0x12, 2),
        DeviceStatus = new("device_status", 0x14, 1, true),
        ConfigGeneration = new("config_generation", 0x15, 1),
        QueueSelect = new("queue_select", 0x16, 2, true),
        QueueSize = new("queue_size", 0x18, 2, true),
        QueueVector = new("queue_msix_vector", 0x1A, 2, true),
        QueueEnable = new("queue_enable", 0x1C, 2, true),
        QueueNotifyOffset = new("queue_notify_off", 0x1E, 2),
        QueueDescriptorsLow = new("queue_desc", 0x20, 4, true), QueueDescriptorsHigh = new("queue_desc (high)", 0x24, 4, true),
        QueueDriverLow = new("queue_driver", 0x28, 4, true), QueueDriverHigh = new("queue_driver (high)", 0x2C, 4, true),
        QueueDeviceLow = new("queue_device", 0x30, 4, true), QueueDeviceHigh = new("queue_device (high)", 0x34, 4, true);

    private static readonly FieldTable s_fields = new("common", DeviceFeatureSelect, DeviceFeature, DriverFeatureSelect, DriverFeature,
        ConfigVector, NumQueues, DeviceStatus, ConfigGeneration, QueueSelect, QueueSize, QueueVector, QueueEnable,
        QueueNotifyOffset, QueueDescriptorsLow, QueueDescriptorsHigh, QueueDriverLow, QueueDriverHigh, QueueDeviceLow, QueueDeviceHigh);

    private uint _deviceFeatureSelect, _driverFeatureSelect, _queueSelect;

    /// <summary>Bytes.</summary>
    internal static uint Length => s_fields.Length;

    // Null where queue_select names no queue: then queue_size reads 0.
    private Virtqueue? Selected => _queueSelect < (uint)Card.Queues.Count ? Card.Queues[(int)_queueSelect] : null;

    internal void Reset() => _deviceFeatureSelect = _driverFeatureSelect = _queueSelect = 0;

    protected override uint Read(Field field)
    {
        if (field.Offset >= QueueSize.Offset) return Selected is { } queue ? ReadQueue(queue, field) : 0;
        return field switch
        {
            _ when field == DeviceFeatureSelect => _deviceFeatureSelect,
            _ when field == DeviceFeature => Word(Card.Control.Offered, _deviceFeatureSelect),
            _ when field == DriverFeatureSelect => _driverFeatureSelect,
            _ when field == DriverFeature => Word(Card.Control.Features, _driverFeatureSelect),
            _ when field == ConfigVector => Card.Interrupts.ConfigurationVector,
            _ when field == NumQueues => (uint)Card.Queues.Count,
            _ when field == DeviceStatus => Card.Control.ReadStatus(),
            _ when field == ConfigGeneration => Card.Net.Generation,
            _ => _queueSelect,
        };
    }

    protected override void Write(Field field, uint value)
    {
        Card.Control.EndReset();
        if (field != DeviceStatus && Card.Control.IsResetting) Report(VirtioRule.ResetNotAwaited, field, value);
        else if (field.Offset >= QueueSize.Offset) WriteSelected(field, value);
        else if (field == DeviceFeatureSelect) _deviceFeatureSelect = value;
        else if (field == DriverFeatureSelect) _driverFeatureSelect = value;
        else if (field == DriverFeature) Card.Control.WriteFeatures(_driverFeatureSelect, value);
        else if (field == ConfigVector) Card.Interrupts.ConfigurationVector = Vector(field, value);
        else if (field == DeviceStatus) Card.Control.WriteStatus(value);
        else _queueSelect = value;
    }

    private static uint Word(ulong bits, uint index) => index < 2 ? (uint)(bits >> 32 * (int)index) : 0;

    private static uint ReadQueue(Virtqueue queue, Field field) => field switch
    {
        _ when field == QueueSize => queue.Size,
        _ when field == QueueVector => queue.Vector,
        _ when field == QueueEnable => queue.IsEnabled ? 1u : 0,
        _ when field == QueueNotifyOffset => (uint)queue.Index,
        _ when field == QueueDescriptorsLow => (uint)queue.Descriptors,
        _ when field == QueueDescriptorsHigh => (uint)(queue.Descriptors >> 32),
        _ when field == QueueDriverLow => (uint)queue.Driver,
        _ when field == QueueDriverHigh => (uint)(queue.Driver >> 32),
        _ when field == QueueDeviceLow => (uint)queue.Device,
        _ => (uint)(queue.Device >> 32),
    };

    private void WriteSelected(Field field, uint value)
    {
        if (Selected is not { } queue)
        {
            Report(VirtioRule.QueueMissing, field, _queueSelect);
            return;
        }
        // To say that a queue has no vector sets nothing up; drivers do so after a reset.
        bool isSetUp = field != QueueVector || value != Virtqueue.None;
        if (isSetUp && !Card.Control.IsAgreed) Report(VirtioRule.QueueTooEarly, field, value);
        if (field == QueueVector) queue.Vector = Vector(field, value);
        else if (field == QueueEnable) Enable(queue, value);
        else if (queue.IsEnabled) Report(VirtioRule.QueueWhileEnabled, field, value);
        else WriteQueue(queue, field, value);
    }

    private void WriteQueue(Virtqueue queue, Field field, uint value)
    {
        if (field == QueueSize) SetSize(queue, value);
        else if (field == QueueDescriptorsLow) queue.Descriptors = Low(queue.Descriptors, value);
        else if (field == QueueDescriptorsHigh) queue.Descriptors = High(queue.Descriptors, value);
        else if (field == QueueDriverLow) queue.Driver = Low(queue.Driver, value);
        else if (field == QueueDriverHigh) queue.Driver = High(queue.Driver, value);
        else if (field == QueueDeviceLow) queue.Device = Low(queue.Device, value);
        else queue.Device = High(queue.Device, value);
    }

    private static ulong Low(ulong address, uint value) => address >> 32 << 32 | value;

    private static ulong High(ulong address, uint value) => (uint)address | (ulong)value << 32;

    private void SetSize(Virtqueue queue, uint value)
    {
        bool isAllowed = value - 1 < (uint)Card.Options.QueueSize &&
            (BitOperations.IsPow2(value) || Card.Control.HasFeature(VirtioFeatures.RingPacked));
        if (isAllowed) queue.Size = value;
        else Report(VirtioRule.QueueSize, QueueSize, value);
    }

    private void Enable(Virtqueue queue, uint value)
    {
        if (value == 0)
        {
            Report(VirtioRule.QueueDisabled, QueueEnable, value);
            return;
        }
        if (Card.Control.Has(DeviceState.DriverOk)) Report(VirtioRule.QueueTooLate, QueueEnable, value);
        if (queue.IsEnabled) Report(VirtioRule.QueueWhileEnabled, QueueEnable, value);
        else if (HasRing(queue)) queue.Enable(Card.Control.Features);
    }

    // Alignments: 2.7 for split rings, 2.8 for packed ones.
    private bool HasRing(Virtqueue queue)
    {
        if (queue.Descriptors == 0 || queue.Driver == 0 || queue.Device == 0)
        {
            Report(VirtioRule.RingNotSet, QueueEnable, queue.Descriptors);
            return false;
        }
        if (!Card.Control.HasFeature(VirtioFeatures.RingPacked) && !BitOperations.IsPow2(queue.Size))
        {
            Report(VirtioRule.QueueSize, QueueEnable, queue.Size);
            return false;
        }
        uint driverAlignment = Card.Control.HasFeature(VirtioFeatures.RingPacked) ? 4u : 2u;
        if (queue.Descriptors % 16 == 0 && queue.Driver % driverAlignment == 0 && queue.Device % 4 == 0) return true;
        Report(VirtioRule.RingUnaligned, QueueEnable, queue.Descriptors | queue.Driver | queue.Device);
        return false;
    }
}
