namespace Ixy.Vfio;

/// <summary>Offsets in the PCI configuration header (PCI Local Bus 3.0, section 6.1).</summary>
public static class PciConfig
{
    /// <summary>Vendor id, 16 bits.</summary>
    public const int VendorId = 0x00;
    /// <summary>Device id, 16 bits.</summary>
    public const int DeviceId = 0x02;
    /// <summary>Command register, 16 bits: I/O space, memory space, bus master, …</summary>
    public const int Command = 0x04;
    /// <summary>Status register, 16 bits.</summary>
    public const int Status = 0x06;
    /// <summary>Revision id, 8 bits, followed by the 24-bit class code.</summary>
    public const int RevisionId = 0x08;
    /// <summary>First base address register; six of 32 bits follow each other.</summary>
    public const int Bar0 = 0x10;
    /// <summary>Subsystem vendor id, 16 bits.</summary>
    public const int SubsystemVendorId = 0x2c;
    /// <summary>Subsystem id, 16 bits.</summary>
    public const int SubsystemId = 0x2e;
    /// <summary>Offset of the first capability, 8 bits.</summary>
    public const int CapabilitiesPointer = 0x34;
}
