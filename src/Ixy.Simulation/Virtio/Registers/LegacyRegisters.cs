using Ixy.Simulation.Recording;
using Ixy.Simulation.Virtio.Rings;
using static Ixy.Virtio.VirtioRegisters;
using static Ixy.Virtio.VirtioRegisters.Legacy;

namespace Ixy.Simulation.Virtio.Registers;

/// <summary>
/// The registers of the legacy interface in I/O BAR 0 (virtio 1.2, 4.1.4.10): a common part, two vectors while MSI-X is
/// on, and then the device's configuration.
/// </summary>
internal sealed class LegacyRegisters(VirtioCard card) : RegisterStructure(card, s_fields)
{
    // Rings are at page numbers, and their used part at the next page boundary (2.7.2).
    private const uint Page = 4096;

    // Those that the driver here does not use.
    internal static readonly Register
        IsrStatus = new(0x13, "Cause of the interrupt", Access: RegisterAccess.ReadOnly, Size: 1, Name: "isr_status"),
        ConfigVector = new(0x14, "The vector of configuration changes", Size: 2, Name: "config_msix_vector");

    private static readonly FieldTable s_fields = new("legacy", [.. Legacy.All, IsrStatus, ConfigVector]);

    internal static IReadOnlyList<Register> Registers => s_fields.Registers;

    private uint _queueSelect;

    /// <summary>Bytes that the BAR needs.</summary>
    internal const uint Length = 64;

    private DeviceVirtqueue? Selected => Queue(_queueSelect);

    private uint ConfigurationOffset => Card.Interrupts.HasVectors ? ConfigWithMsix : Config;

    internal void Reset() => _queueSelect = 0;

    /// <summary>A read in the BAR.</summary>
    internal uint ReadBar(uint offset, int size) =>
        offset < ConfigurationOffset ? Read(offset, size) : Card.Net.Read(offset - ConfigurationOffset, size);

    internal override NamedRegister NameOf(uint offset) =>
        offset < ConfigurationOffset ? base.NameOf(offset) : NetConfiguration.NameOf(offset - ConfigurationOffset);

    /// <summary>A write in the BAR.</summary>
    internal void WriteBar(uint offset, uint value, int size)
    {
        if (offset < ConfigurationOffset) Write(offset, value, size);
        else Card.Net.Write(offset - ConfigurationOffset, value, size);
    }

    protected override uint Read(Register field, int index) => field switch
    {
        _ when field == DeviceFeatures => (uint)Card.Control.Offered,
        _ when field == DriverFeatures => (uint)Card.Control.Features,
        _ when field == QueueAddress => (uint)((Selected?.Descriptors ?? 0) / Page),
        _ when field == QueueSize => Selected?.Size ?? 0,
        _ when field == QueueSelect => _queueSelect,
        _ when field == Legacy.Status => Card.Control.ReadStatus(),
        _ when field == IsrStatus => Card.Interrupts.ReadCause(),
        _ when field == ConfigVector => Card.Interrupts.ConfigurationVector,
        _ when field == QueueVector => Selected?.Vector ?? DeviceVirtqueue.None,
        _ => 0,
    };

    protected override void Write(Register field, int index, uint value)
    {
        if (field == DriverFeatures) Card.Control.WriteFeatures(0, value);
        else if (field == QueueSelect) _queueSelect = value;
        else if (field == Legacy.Status) Card.Control.WriteStatus(value);
        else if (field == ConfigVector) Card.Interrupts.ConfigurationVector = Vector(field, value);
        else if (field == QueueNotify) Notify(value);
        else if (Selected is not { } queue) Report(VirtioRule.QueueMissing, field, _queueSelect);
        else if (field == QueueVector) queue.Vector = Vector(field, value);
        else Place(queue, value);
    }

    private DeviceVirtqueue? Queue(uint index) => index < (uint)Card.Queues.Count ? Card.Queues[(int)index] : null;

    private void Notify(uint value)
    {
        if (Queue(value) is { } queue) Card.Control.Notified(queue);
        else Report(VirtioRule.QueueMissing, QueueNotify, value);
    }

    // The page number of the ring starts the queue; 0 stops it.
    private void Place(DeviceVirtqueue queue, uint page)
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
