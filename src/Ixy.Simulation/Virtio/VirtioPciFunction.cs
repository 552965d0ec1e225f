using Ixy.Hosting.Pci;
using Ixy.Simulation.Recording;
using Ixy.Simulation.Virtio.Registers;

namespace Ixy.Simulation.Virtio;

/// <summary>
/// The card as a PCI function (virtio 1.2, 4.1). Modern: capabilities lead to four structures in BAR 4, and the MSI-X
/// table is in BAR 1. Legacy: the registers are in I/O BAR 0, the MSI-X table in BAR 1.
/// </summary>
internal sealed class VirtioPciFunction
{
    internal const int StructureBar = 4;
    internal const uint StructuresLength = 0x4000, NotifyOffset = 0x3000, NotifyMultiplier = 4;
    private const uint NotifyLength = 0x1000;
    private const ushort VendorId = 0x1AF4, ModernDeviceId = 0x1041, LegacyDeviceId = 0x1000;
    private const ushort ModernSubsystem = 0x1100, NetworkSubsystem = 1;
    private const int IoBar = 0, MsixBar = 1;
    private const uint MsixLength = 0x1000, PendingOffset = 0x800;
    private const uint IsrOffset = 0x1000, DeviceOffset = 0x2000;

    private readonly VirtioCard _card;
    private readonly PciHeader _header;
    private readonly PowerManagement? _power;
    private readonly ConfigurationWindow? _window;

    internal VirtioPciFunction(VirtioCard card)
    {
        _card = card;
        Vectors = 2 * card.Options.QueuePairs + 2;
        bool isLegacy = card.Options.IsLegacy;
        Config = new ConfigurationSpace(
            isLegacy ? ConfigurationSpace.ConventionalLength : ConfigurationSpace.ExtendedLength);
        // 4.1.2.1: a transitional device is identified by its subsystem, and has revision 0.
        var identity = isLegacy
            ? new PciIdentity(VendorId, LegacyDeviceId, VendorId, NetworkSubsystem, 0, 0x020000)
            : new PciIdentity(VendorId, ModernDeviceId, VendorId, ModernSubsystem, 1, 0x020000);
        _header = new PciHeader(Config, identity, hasIo: isLegacy);
        if (isLegacy)
        {
            _header.AddIo(IoBar, LegacyRegisters.Length);
        }
        else
        {
            _header.AddMemory(StructureBar, StructuresLength, prefetchable: true);
            _power = new PowerManagement(Config, 0x40, keepsContext: true) { Changed = _ => UpdateBusMaster() };
            _window = AddStructures();
            _ = new PciExpressCapability(Config, 0xC0) { FunctionReset = card.PciReset };
        }
        _header.AddMemory(MsixBar, MsixLength, prefetchable: false, isWide: false);
        var msix = new MsixCapability(Config, 0x98, Vectors, MsixBar, 0, PendingOffset);
        // First bus mastering, then the messages that were waiting for it.
        Config.OnWrite(PciHeader.Command, 2, UpdateBusMaster);
        Interrupts = new PciInterrupts(card, Config, _header, msi: null, msix);
    }

    internal ConfigurationSpace Config { get; }

    internal PciInterrupts Interrupts { get; }

    internal int Vectors { get; }

    /// <summary>In D3hot it does no DMA and sends no interrupt.</summary>
    internal bool IsSleeping => _power is { IsSleeping: true };

    /// <summary>
    /// Bus mastering was on and was switched off: that is how a new owner stops a running device. It is not a mistake
    /// like starting a device without it; after a reset there is nothing that was stopped.
    /// </summary>
    internal bool IsStopped { get; private set; }

    /// <summary>The device was reset, through its status or with the function.</summary>
    internal void DeviceReset() => IsStopped = false;

    internal uint BarLength(int bar) => _header.Length(bar);

    internal uint ReadConfig(int offset, int size)
    {
        _window?.BeforeRead(offset, size);
        return Config.Read(offset, size);
    }

    internal uint ReadBar(int bar, uint offset, int size)
    {
        if (!IsReachable(bar, offset)) return uint.MaxValue >> 8 * (4 - size);
        if (bar == MsixBar) return CheckTableWidth(offset, size) ? Interrupts.Msix.Read(offset) : 0;
        return bar == IoBar ? _card.Legacy.ReadBar(offset, size) : ReadStructure(offset, size);
    }

    internal void WriteBar(int bar, uint offset, uint value, int size)
    {
        if (!IsReachable(bar, offset)) return;
        if (bar == IoBar) _card.Legacy.WriteBar(offset, value, size);
        else if (bar == StructureBar) WriteStructure(offset, value, size);
        else if (CheckTableWidth(offset, size)) Interrupts.Msix.Write(offset, value);
    }

    /// <summary>The name of a BAR access.</summary>
    internal NamedRegister NameOf(int bar, uint offset)
    {
        if (bar == IoBar) return _card.Legacy.NameOf(offset);
        if (bar == MsixBar) return new($"MSI-X table 0x{offset:x3}", "Vectors of the function", "PCI 3.0, 6.8.2");
        return offset switch
        {
            < IsrOffset => _card.Common.NameOf(offset),
            < DeviceOffset => new("isr", "Cause of the interrupt", "virtio 4.1.4.5")
            {
                Fields = RegisterFields.Of("isr"),
            },
            < NotifyOffset => NetConfiguration.NameOf(offset - DeviceOffset),
            _ => new(
                $"notify[{(offset - NotifyOffset) / NotifyMultiplier}]", "Tells the device of new buffers in a queue",
                "virtio 4.1.4.4"),
        };
    }

    /// <summary>Where a queue is notified by a store; null for other places.</summary>
    internal static uint? NotifyAddress(int bar, uint offset) =>
        bar == StructureBar && offset - NotifyOffset < NotifyLength ? offset - NotifyOffset : null;

    /// <summary>Configuration space and MSI-X table as after power-on; the interrupt line is released.</summary>
    internal void Reset()
    {
        Config.Reset();
        _power?.Reset();
        Interrupts.Msix.Reset();
        Interrupts.SetLine(false);
        UpdateBusMaster();
    }

    private ConfigurationWindow AddStructures()
    {
        const byte Common = 1, Notify = 2, Isr = 3, Device = 4;
        VendorCapability.Add(
            Config, 0x50, VendorCapability.Length, Common, StructureBar, 0, CommonConfiguration.Length);
        VendorCapability.Add(Config, 0x60, VendorCapability.Length, Isr, StructureBar, IsrOffset, 1);
        VendorCapability.Add(
            Config, 0x70, VendorCapability.Length, Device, StructureBar, DeviceOffset, NetConfiguration.Length);
        uint doorbells = (uint)(_card.Options.LastQueue + 1) * NotifyMultiplier;
        VendorCapability.Add(Config, 0x80, VendorCapability.Length + 4, Notify, StructureBar, NotifyOffset, doorbells);
        Config.Define(0x80 + VendorCapability.Length, 4, NotifyMultiplier);
        return new ConfigurationWindow(_card, Config, 0xA4);
    }

    private void UpdateBusMaster()
    {
        bool before = _card.Dma.BusMaster;
        _card.Dma.BusMaster = _header.IsBusMaster && !IsSleeping;
        if (before != _card.Dma.BusMaster) IsStopped = before;
    }

    // An access that the function does not claim ends as an unsupported request: a read returns ones.
    private bool IsReachable(int bar, uint offset)
    {
        string? obstacle =
            offset >= _header.Length(bar) ? "there is nothing behind this BAR at this offset"
            : !_header.IsDecoded(bar)
            ? "the command register does not let the BAR be reached (bit 0 for I/O, bit 1 for memory)"
            : IsSleeping ? "the function sleeps in D3hot and only answers in configuration space"
            : null;
        if (obstacle is null) return true;
        _card.Violations.Add(
            "bar-unreachable", $"BAR {bar}", offset, "PCI 3.0, 6.2.2", $"a register was accessed, but {obstacle}");
        return false;
    }

    private bool CheckTableWidth(uint offset, int size)
    {
        if (size == sizeof(uint)) return true;
        _card.Violations.Add("access-width", $"BAR {MsixBar}", offset, "PCI 3.0, 6.8.2",
            $"the MSI-X table was accessed with {size * 8} bits; this one takes 32");
        return false;
    }

    private uint ReadStructure(uint offset, int size)
    {
        if (offset < IsrOffset) return _card.Common.Read(offset, size);
        if (offset < DeviceOffset) return ReadIsr(offset, size);
        if (offset < NotifyOffset) return _card.Net.Read(offset - DeviceOffset, size);
        _card.Report(VirtioRule.NoField, "notify", offset - NotifyOffset);
        return 0;
    }

    private void WriteStructure(uint offset, uint value, int size)
    {
        if (offset < IsrOffset) _card.Common.Write(offset, value, size);
        else if (offset < DeviceOffset) _card.Report(VirtioRule.ReadOnly, "isr", value);
        else if (offset < NotifyOffset) _card.Net.Write(offset - DeviceOffset, value, size);
        else Notify(offset - NotifyOffset, value, size);
    }

    private uint ReadIsr(uint offset, int size)
    {
        if (offset != IsrOffset) _card.Report(VirtioRule.NoField, "isr", offset - IsrOffset);
        else if (size != 1) _card.Report(VirtioRule.AccessWidth, "isr", (ulong)size);
        if (offset != IsrOffset) return 0;
        uint cause = _card.Interrupts.ReadCause();
        _card.Trace?.Invoke($"read  isr -> 0x{cause:x}");
        return cause;
    }

    private void Notify(uint offset, uint value, int size)
    {
        _card.Trace?.Invoke($"write notify+0x{offset:x} <- 0x{value:x}");
        uint index = offset / NotifyMultiplier;
        if (index >= (uint)_card.Queues.Count)
        {
            _card.Report(VirtioRule.QueueMissing, "notify", offset);
            return;
        }
        if (size != sizeof(ushort) || value != index) _card.Report(VirtioRule.NotifyValue, $"doorbell {index}", value);
        _card.Control.Notified(_card.Queues[(int)index]);
    }
}
