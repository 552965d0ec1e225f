using Ixy.Hosting.Pci;
using Ixy.Simulation.Recording;

namespace Ixy.Simulation.Ixgbe;

/// <summary>
/// The card as a PCI function (82599 datasheet chapter 9): configuration space, and the BARs for registers (BAR 0),
/// their I/O window (BAR 2) and the MSI-X table (BAR 4). A single port: only function 0.
/// </summary>
internal sealed class IxgbePciFunction
{
    internal const int Vectors = 64;
    private const int RegisterBar = 0, IoBar = 2, MsixBar = 4;
    private const uint IoLength = 32, MsixLength = 0x4000, PendingOffset = 0x2000;
    private const uint WindowAddress = 0, WindowData = 4, Nothing = uint.MaxValue;

    private readonly IxgbeCard _card;
    private readonly PciHeader _header;
    private readonly PowerManagement _power;
    private uint _windowAddress;

    internal IxgbePciFunction(IxgbeCard card)
    {
        _card = card;
        var model = Model.Of(card.Options.DeviceId);
        Config = new ConfigurationSpace(ConfigurationSpace.ExtendedLength);
        _header = new PciHeader(
            Config, new PciIdentity(0x8086, card.Options.DeviceId, 0x8086, model.SubsystemId, 1, 0x020000),
            hasIo: true);
        _header.AddMemory(RegisterBar, model.RegisterBarLength, prefetchable: true);
        _header.AddIo(IoBar, IoLength);
        _header.AddMemory(MsixBar, MsixLength, prefetchable: true);

        _power = new PowerManagement(Config, 0x40, model.KeepsContext) { Changed = PowerChanged };
        var msi = new MsiCapability(Config, 0x50);
        var msix = new MsixCapability(Config, 0x70, Vectors, MsixBar, 0, PendingOffset);
        _ = new PciExpressCapability(Config, 0xA0) { FunctionReset = card.PciReset };
        _ = new VitalProductData(
            Config, card.Violations, 0xE0, model.Name, model.PartNumber, $"{card.Options.MacAddress:X12}");
        ExtendedCapabilities.AddErrorReporting(Config, 0x100);
        ExtendedCapabilities.AddSerialNumber(Config, 0x140, card.Options.MacAddress);
        ExtendedCapabilities.AddAlternativeRoutingId(Config, 0x150);

        // First bus mastering, then the messages that were waiting for it.
        Config.OnWrite(PciHeader.Command, 2, UpdateBusMaster);
        Interrupts = new PciInterrupts(card, Config, _header, msi, msix);
    }

    internal ConfigurationSpace Config { get; }

    internal PciInterrupts Interrupts { get; }

    internal uint BarLength(int bar) => _header.Length(bar);

    internal uint ReadBar(int bar, uint offset, int size)
    {
        if (!IsReachable(bar, offset)) return Nothing;
        return CheckWidth(bar, offset, size) ? Read(bar, offset)
            : Read(bar, offset & ~3u) >> (int)(offset % 4 * 8) & (1u << size * 8) - 1;
    }

    internal void WriteBar(int bar, uint offset, uint value, int size)
    {
        if (!IsReachable(bar, offset) || !CheckWidth(bar, offset, size)) return;
        if (bar == RegisterBar) WriteRegister(offset, value);
        else if (bar == IoBar) WriteWindow(offset, value);
        else Interrupts.Msix.Write(offset, value);
    }

    /// <summary>The name of a BAR access.</summary>
    internal NamedRegister NameOf(int bar, uint offset) => bar switch
    {
        RegisterBar when offset < IxgbeCard.RegisterBarLength =>
            _card.Registers.Find(offset, out int index) is { } register
                ? NamedRegister.Of(register, index) : new($"0x{offset:x5} (no register)"),
        IoBar when offset == WindowAddress => new("IOADDR", "Which register IODATA is", "8.1.1.2"),
        IoBar when offset == WindowData => new("IODATA", "The register that IOADDR names", "8.1.1.2"),
        MsixBar => new($"MSI-X table 0x{offset:x4}", "Vectors of the function", "8.2.4"),
        _ => NamedRegister.Unknown(bar, offset),
    };

    /// <summary>Configuration space and MSI-X table as after power-on; the interrupt line is released.</summary>
    internal void Reset()
    {
        Config.Reset();
        _power.Reset();
        Interrupts.Msix.Reset();
        Interrupts.SetLine(false);
        _windowAddress = 0;
        UpdateBusMaster();
    }

    private void UpdateBusMaster() => _card.Dma.BusMaster = _header.IsBusMaster && !_power.IsSleeping;

    private void PowerChanged(bool startsAfresh)
    {
        if (startsAfresh)
        {
            _card.PciReset();
            return;
        }
        UpdateBusMaster();
        Interrupts.Changed?.Invoke();
    }

    // An access that the function does not claim ends as an unsupported request: a read returns ones (9.3.3).
    private bool IsReachable(int bar, uint offset)
    {
        string? obstacle =
            offset >= _header.Length(bar) ? "there is nothing behind this BAR at this offset"
            : !_header.IsDecoded(bar)
            ? "the command register does not let the BAR be reached (bit 0 for I/O, bit 1 for memory)"
            : _power.IsSleeping ? "the function sleeps in D3hot and only answers in configuration space"
            : null;
        if (obstacle is null) return true;
        _card.Violations.Add(
            "bar-unreachable", $"BAR {bar}", offset, "9.3.3; 5.2.5", $"a register was accessed, but {obstacle}");
        return false;
    }

    private uint Read(int bar, uint offset) => bar switch
    {
        RegisterBar => ReadRegister(offset),
        IoBar => ReadWindow(offset),
        _ => Interrupts.Msix.Read(offset),
    };

    // Registers are 32 bits wide (8.1.1): a narrow read returns part of one, the effect of a narrow write is undefined.
    private bool CheckWidth(int bar, uint offset, int size)
    {
        if (size == sizeof(uint)) return true;
        _card.Violations.Add("access-width", $"BAR {bar}", offset, "8.1.1; PCI 3.0, 6.8.2",
            $"a register was accessed with {size * 8} bits; all of them are 32 bits wide and are accessed as such");
        return false;
    }

    // On an X540 or X550, the flash comes after the registers; this one is erased.
    private uint ReadRegister(uint offset)
    {
        if (offset >= IxgbeCard.RegisterBarLength) return Nothing;
        _card.Control.CheckAccess(offset);
        return _card.Registers.Read(offset);
    }

    private void WriteRegister(uint offset, uint value)
    {
        if (offset >= IxgbeCard.RegisterBarLength) return;
        _card.Control.CheckAccess(offset);
        _card.Registers.Write(offset, value);
    }

    // IOADDR selects a register, IODATA is that register (8.1.1.2).
    private uint ReadWindow(uint offset) => offset switch
    {
        WindowAddress => _windowAddress,
        WindowData when IsWindowValid() => ReadRegister(_windowAddress),
        _ => 0,
    };

    private void WriteWindow(uint offset, uint value)
    {
        if (offset == WindowAddress) _windowAddress = value;
        else if (offset == WindowData && IsWindowValid()) WriteRegister(_windowAddress, value);
    }

    private bool IsWindowValid()
    {
        if (_windowAddress < IxgbeCard.RegisterBarLength && _windowAddress % sizeof(uint) == 0) return true;
        _card.Violations.Add("io-window-address", "IOADDR", _windowAddress, "8.1.1.2",
            "IODATA was accessed while IOADDR holds no address of a register");
        return false;
    }

    /// <summary>Differences between the configuration spaces of the three models.</summary>
    private sealed record Model(
        string Name, string PartNumber, ushort SubsystemId, uint RegisterBarLength, bool KeepsContext)
    {
        internal static Model Of(ushort deviceId) => deviceId switch
        {
            0x1528 => new("Simulated X540 10GbE Controller", "IXY-X540", 0x0001, 0x200000, false),
            0x1563 => new("Simulated X550 10GbE Controller", "IXY-X550", 0x0001, 0x200000, true),
            _ => new("Simulated 82599 10GbE Controller", "IXY-82599", 0x0006, IxgbeCard.RegisterBarLength, false),
        };
    }
}
