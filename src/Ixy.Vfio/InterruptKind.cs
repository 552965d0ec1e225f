namespace Ixy.Vfio;

/// <summary>The ways a PCI function can interrupt.</summary>
public enum InterruptKind
{
    /// <summary>
    /// The interrupt line (PCI Local Bus 3.0, section 2.2.6): one vector. It is masked when it fires, because a line
    /// stays asserted until the device is served: unmask it after that.
    /// </summary>
    Intx,

    /// <summary>Messages, one to 32 vectors, a power of two (section 6.8.1).</summary>
    Msi,

    /// <summary>Messages from a table in a BAR, up to 2048 vectors, each with a mask bit (section 6.8.2).</summary>
    Msix,
}
