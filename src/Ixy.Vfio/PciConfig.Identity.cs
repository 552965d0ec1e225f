namespace Ixy.Vfio;

// Registers that drivers do not need, but lists of functions and device models do.
public static partial class PciConfig
{
    /// <summary>Revision id, 8 bits, followed by the 24-bit class code.</summary>
    public const int RevisionId = 0x08;
    /// <summary>Subsystem vendor id, 16 bits.</summary>
    public const int SubsystemVendorId = 0x2c;
    /// <summary>Subsystem id, 16 bits.</summary>
    public const int SubsystemId = 0x2e;
}
