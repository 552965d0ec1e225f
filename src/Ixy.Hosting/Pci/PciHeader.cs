namespace Ixy.Hosting.Pci;

/// <summary>A function's identity.</summary>
/// <param name="VendorId">Vendor id.</param>
/// <param name="DeviceId">Device id, assigned by the vendor.</param>
/// <param name="SubsystemVendorId">Vendor id of the board's maker.</param>
/// <param name="SubsystemId">Subsystem id, assigned by the board's maker.</param>
/// <param name="Revision">Revision id.</param>
/// <param name="ClassCode">Base class, subclass and interface in 24 bits.</param>
public sealed record PciIdentity(
    ushort VendorId, ushort DeviceId, ushort SubsystemVendorId, ushort SubsystemId, byte Revision, uint ClassCode);

/// <summary>
/// The type 0 header: identity, command and status, base address registers, interrupt pin (PCI Local Bus 3.0, chapter
/// 6; 82599 datasheet 9.3).
/// </summary>
public sealed class PciHeader
{
    /// <summary>Offset of the command register.</summary>
    public const int Command = 0x04;

    internal const int Status = 0x06, Bar0 = 0x10, BarCount = 6;
    internal const uint IoEnable = 1 << 0, MemoryEnable = 1 << 1, BusMasterEnable = 1 << 2, InterruptDisable = 1 << 10;
    private const uint ParityErrorResponse = 1 << 6, SystemErrorEnable = 1 << 8;
    private const uint InterruptStatus = 1 << 3, CapabilitiesList = 1 << 4, ErrorStatus = 0xF900;
    private const uint IoSpace = 1, WideMemory = 4, Prefetchable = 8;

    private readonly ConfigurationSpace _config;
    private readonly uint[] _lengths = new uint[BarCount];
    private readonly bool[] _isIo = new bool[BarCount];

    /// <summary>Defines the header, without BARs.</summary>
    /// <param name="config">The configuration space; the header takes its first 64 bytes.</param>
    /// <param name="identity">The function's identity.</param>
    /// <param name="hasIo">It will have an I/O BAR.</param>
    public PciHeader(ConfigurationSpace config, PciIdentity identity, bool hasIo)
    {
        _config = config;
        uint command = MemoryEnable | BusMasterEnable | InterruptDisable | ParityErrorResponse | SystemErrorEnable;
        config.Define(0x00, 2, identity.VendorId);
        config.Define(0x02, 2, identity.DeviceId);
        config.Define(Command, 2, 0, command | (hasIo ? IoEnable : 0));
        config.Define(Status, 2, CapabilitiesList, clearedByOne: ErrorStatus);
        config.Define(0x08, 4, identity.ClassCode << 8 | identity.Revision);
        config.Define(0x0C, 1, 0, writable: 0xFF); // Cache line size: kept for old software, without effect.
        config.Define(0x2C, 2, identity.SubsystemVendorId);
        config.Define(0x2E, 2, identity.SubsystemId);
        config.Define(0x3C, 1, 0, writable: 0xFF); // Interrupt line: only scratch space for software.
        config.Define(0x3D, 1, 1); // INTA#
    }

    /// <summary>The device may read and write memory on its own.</summary>
    public bool IsBusMaster => _config.IsSet(Command, 2, BusMasterEnable);

    /// <summary>INTx messages are disabled.</summary>
    public bool IsInterruptDisabled => _config.IsSet(Command, 2, InterruptDisable);

    /// <summary>An INTx is pending inside the device, whether or not it may be sent.</summary>
    public bool IsInterruptPending
    {
        set => _config.SetBits(Status, 2, InterruptStatus, value);
    }

    /// <summary>A memory BAR: 64 bits, which takes two registers, or 32 bits.</summary>
    public void AddMemory(int bar, uint length, bool prefetchable, bool isWide = true)
    {
        uint kind = (isWide ? WideMemory : 0) | (prefetchable ? Prefetchable : 0);
        // Software finds the length by writing ones: the address bits below the length stay 0 (PCI 6.2.5.1).
        _config.Define(Bar0 + 4 * bar, 4, kind, writable: ~(length - 1));
        if (isWide) _config.Define(Bar0 + 4 * bar + 4, 4, 0, writable: uint.MaxValue);
        _lengths[bar] = length;
    }

    /// <summary>An I/O BAR.</summary>
    public void AddIo(int bar, uint length)
    {
        _config.Define(Bar0 + 4 * bar, 4, IoSpace, writable: ~(length - 1));
        (_lengths[bar], _isIo[bar]) = (length, true);
    }

    /// <summary>Length of a BAR in bytes; 0 if there is none.</summary>
    public uint Length(int bar) => (uint)bar < BarCount ? _lengths[bar] : 0;

    /// <summary>Whether the command register enables accesses to the BAR.</summary>
    public bool IsDecoded(int bar) => _config.IsSet(Command, 2, _isIo[bar] ? IoEnable : MemoryEnable);
}
