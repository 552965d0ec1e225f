namespace Ixy.Vfio;

/// <summary>Offsets in the PCI configuration header (PCI Local Bus 3.0, section 6.1).</summary>
public static partial class PciConfig
{
    /// <summary>Vendor id, 16 bits.</summary>
    public const int VendorId = 0x00;
    /// <summary>Device id, 16 bits.</summary>
    public const int DeviceId = 0x02;
    /// <summary>Command register, 16 bits: I/O space, memory space, bus master, …</summary>
    public const int Command = 0x04;
    /// <summary>Status register, 16 bits.</summary>
    public const int Status = 0x06;
    /// <summary>First of six consecutive 32-bit base address registers.</summary>
    public const int Bar0 = 0x10;
    /// <summary>The bit of a base address register that distinguishes I/O ports from memory (6.2.5.1).</summary>
    public const uint BarIsPorts = 1;
    /// <summary>Offset of the first capability, 8 bits.</summary>
    public const int CapabilitiesPointer = 0x34;
}
