using Ixy.Simulation.Virtio.Rings;

namespace Ixy.Simulation.Virtio.Registers;

/// <summary>
/// The registers of the legacy interface in I/O BAR 0 (virtio 1.2, 4.1.4.10): a common part, two vectors while MSI-X is
/// on, and the device's configuration behind them.
/// </summary>
internal sealed class LegacyRegisters(VirtioCard card) : RegisterStructure(card, s_fields)
{
    // Rings lie at page numbers, and their used part at the next page boundary (2.7.2).
    private const uint Page = 4096;
    private const uint VectorsOffset = 0x14, VectorsLength = 4;

    internal static readonly Field
        DeviceFeatures = new("device_features", 0x00, 4), GuestFeatures = new("guest_features", 0x04, 4, true),
        QueueAddress = new("queue_address", 0x08, 4, true), QueueSize = new("queue_size", 0x0C, 2),
        QueueSelect = new("queue_select", 0x0E, 2, true), QueueNotify = new("queue_notify", 0x10, 2, true),
        DeviceStatus = new("device_status", 0x12, 1, true), IsrStatus = new("isr_status", 0x13, 1),
        ConfigVector = new("config_msix_vector", 0x14, 2, true), QueueVector = new("queue_msix_vector", 0x16, 2, true);

    private static readonly FieldTable s_fields = new("legacy", DeviceFeatures, GuestFeatures, QueueAddress, QueueSize,
        QueueSelect, QueueNotify, DeviceStatus, IsrStatus, ConfigVector, QueueVector);

    private uint _queueSelect;

    /// <summary>Bytes that the BAR needs.</summary>
    internal const uint Length = 64;

    private Virtqueue? Selected => Queue(_queueSelect);

    private uint ConfigurationOffset => Card.Interrupts.HasVectors ? VectorsOffset + VectorsLength : VectorsOffset;

    internal void Reset() => _queueSelect = 0;

    /// <summary>A read in the BAR.</summary>
    internal uint ReadBar(uint offset, int size) =>
        offset < ConfigurationOffset ? Read(offset, size) : Card.Net.Read(offset - ConfigurationOffset, size);

    /// <summary>A write in the BAR.</summary>
    internal void WriteBar(uint offset, uint value, int size)
    {
        if (offset < ConfigurationOffset) Write(offset, value, size);
        else Card.Net.Write(offset - ConfigurationOffset, value, size);
    }

    protected override uint Read(Field field) => field switch
    {
        _ when field == DeviceFeatures => (uint)Card.Control.Offered,
        _ when field == GuestFeatures => (uint)Card.Control.Features,
        _ when field == QueueAddress => (uint)((Selected?.Descriptors ?? 0) / Page),
        _ when field == QueueSize => Selected?.Size ?? 0,
        _ when field == QueueSelect => _queueSelect,
        _ when field == DeviceStatus => Card.Control.ReadStatus(),
        _ when field == IsrStatus => Card.Interrupts.ReadCause(),
        _ when field == ConfigVector => Card.Interrupts.ConfigurationVector,
        _ when field == QueueVector => Selected?.Vector ?? Virtqueue.None,
        _ => 0,
    };

    protected override void Write(Field field, uint value)
    {
        if (field == GuestFeatures) Card.Control.WriteFeatures(0, value);
        else if (field == QueueSelect) _queueSelect = value;
        else if (field == DeviceStatus) Card.Control.WriteStatus(value);
        else if (field == ConfigVector) Card.Interrupts.ConfigurationVector = Vector(field, value);
        else if (field == QueueNotify) Notify(value);
        else if (Selected is not { } queue) Report(VirtioRule.QueueMissing, field, _queueSelect);
        else if (field == QueueVector) queue.Vector = Vector(field, value);
        else Place(queue, value);
    }

    private Virtqueue? Queue(uint index) => index < (uint)Card.Queues.Count ? Card.Queues[(int)index] : null;

    private void Notify(uint value)
    {
        if (Queue(value) is { } queue) Card.Control.Notified(queue);
        else Report(VirtioRule.QueueMissing, QueueNotify, value);
    }

    // The page number of the ring starts the queue; 0 stops it.
    private void Place(Virtqueue queue, uint page)
    {
        if (page == 0)
        {
            queue.Disable();
            return;
        }
        if (queue.IsEnabled)
        {
            Report(VirtioRule.QueueWhileEnabled, QueueAddress, page);
            return;
        }
        queue.Descriptors = (ulong)page * Page;
        queue.Driver = queue.Descriptors + 16 * queue.Size;
        // Flags, index, entries, event index.
        ulong end = queue.Driver + 6 + 2 * queue.Size;
        queue.Device = (end + Page - 1) / Page * Page;
        queue.Enable(Card.Control.Features);
    }
}
