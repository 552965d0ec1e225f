using System.Numerics;
using Ixy.Simulation.Virtio.Rings;
using Ixy.Virtio;
using static Ixy.Virtio.VirtioRegisters;
using static Ixy.Virtio.VirtioRegisters.Common;

namespace Ixy.Simulation.Virtio.Registers;

/// <summary>The common configuration structure of a modern device (virtio 1.2, 4.1.4.3).</summary>
internal sealed class CommonConfiguration(VirtioCard card) : RegisterStructure(card, s_fields)
{
    // Those that the driver here does not use.
    internal static readonly Register
        ConfigVector = new(0x10, "The vector of configuration changes", Size: 2, Name: "config_msix_vector"),
        NumQueues = new(
            0x12, "How many queues there are", Access: RegisterAccess.ReadOnly, Size: 2, Name: "num_queues");

    private static readonly FieldTable s_fields = new("common", [.. Common.All, ConfigVector, NumQueues]);

    internal static IReadOnlyList<Register> Registers => s_fields.Registers;

    private uint _deviceFeatureSelect, _driverFeatureSelect, _queueSelect;

    /// <summary>Bytes.</summary>
    internal static uint Length => s_fields.Length;

    // Null if queue_select names no queue: then queue_size reads 0.
    private DeviceVirtqueue? Selected => _queueSelect < (uint)Card.Queues.Count ? Card.Queues[(int)_queueSelect] : null;

    internal void Reset() => _deviceFeatureSelect = _driverFeatureSelect = _queueSelect = 0;

    protected override uint Read(Register field, int index)
    {
        if (field.Offset >= QueueSize.Offset) return Selected is { } queue ? ReadQueue(queue, field, index) : 0;
        return field switch
        {
            _ when field == DeviceFeatureSelect => _deviceFeatureSelect,
            _ when field == DeviceFeature => Word((ulong)Card.Control.Offered, _deviceFeatureSelect),
            _ when field == DriverFeatureSelect => _driverFeatureSelect,
            _ when field == DriverFeature => Word((ulong)Card.Control.Features, _driverFeatureSelect),
            _ when field == ConfigVector => Card.Interrupts.ConfigurationVector,
            _ when field == NumQueues => (uint)Card.Queues.Count,
            _ when field == Common.Status => Card.Control.ReadStatus(),
            _ when field == ConfigGeneration => Card.Net.Generation,
            _ => _queueSelect,
        };
    }

    protected override void Write(Register field, int index, uint value)
    {
        Card.Control.EndReset();
        if (field != Common.Status && Card.Control.IsResetting) Report(VirtioRule.ResetNotAwaited, field, value);
        else if (field.Offset >= QueueSize.Offset) WriteSelected(field, index, value);
        else if (field == DeviceFeatureSelect) _deviceFeatureSelect = value;
        else if (field == DriverFeatureSelect) _driverFeatureSelect = value;
        else if (field == DriverFeature) Card.Control.WriteFeatures(_driverFeatureSelect, value);
        else if (field == ConfigVector) Card.Interrupts.ConfigurationVector = Vector(field, value);
        else if (field == Common.Status) Card.Control.WriteStatus(value);
        else _queueSelect = value;
    }

    private static uint Word(ulong bits, uint index) => index < 2 ? (uint)(bits >> 32 * (int)index) : 0;

    private static uint ReadQueue(DeviceVirtqueue queue, Register field, int index) => field switch
    {
        _ when field == QueueSize => queue.Size,
        _ when field == QueueVector => queue.Vector,
        _ when field == QueueEnable => queue.IsEnabled ? 1u : 0,
        _ when field == QueueNotifyOffset => (uint)queue.Index,
        _ when field == QueueDescriptors => Word(queue.Descriptors, (uint)index),
        _ when field == QueueDriver => Word(queue.Driver, (uint)index),
        _ => Word(queue.Device, (uint)index),
    };

    private void WriteSelected(Register field, int index, uint value)
    {
        if (Selected is not { } queue)
        {
            Report(VirtioRule.QueueMissing, field, _queueSelect);
            return;
        }
        // Setting "no vector" does not count as setting up a queue; drivers do it after a reset.
        bool isSetUp = field != QueueVector || value != DeviceVirtqueue.None;
        if (isSetUp && !Card.Control.IsAgreed) Report(VirtioRule.QueueTooEarly, field, value);
        if (field == QueueVector) queue.Vector = Vector(field, value);
        else if (field == QueueEnable) Enable(queue, value);
        else if (queue.IsEnabled) Report(VirtioRule.QueueWhileEnabled, field, value);
        else WriteQueue(queue, field, index, value);
    }

    private void WriteQueue(DeviceVirtqueue queue, Register field, int index, uint value)
    {
        if (field == QueueSize) SetSize(queue, value);
        else if (field == QueueDescriptors) queue.Descriptors = Replace(queue.Descriptors, index, value);
        else if (field == QueueDriver) queue.Driver = Replace(queue.Driver, index, value);
        else queue.Device = Replace(queue.Device, index, value);
    }

    private static ulong Replace(ulong address, int half, uint value) =>
        half == 0 ? address >> 32 << 32 | value : (uint)address | (ulong)value << 32;

    private void SetSize(DeviceVirtqueue queue, uint value)
    {
        bool isAllowed = value - 1 < (uint)Card.Options.QueueSize &&
            (BitOperations.IsPow2(value) || Card.Control.HasFeature(VirtioFeatures.RingPacked));
        if (isAllowed) queue.Size = value;
        else Report(VirtioRule.QueueSize, QueueSize, value);
    }

    private void Enable(DeviceVirtqueue queue, uint value)
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
    private bool HasRing(DeviceVirtqueue queue)
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
