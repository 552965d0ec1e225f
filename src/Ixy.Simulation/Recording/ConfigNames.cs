namespace Ixy.Simulation.Recording;

/// <summary>Names of the PCI configuration header (PCI Local Bus 3.0, section 6.1).</summary>
internal static class ConfigNames
{
    internal static string Of(int offset) => offset switch
    {
        0x00 => "vendor id",
        0x02 => "device id",
        0x04 => "command",
        0x06 => "status",
        0x08 => "revision id",
        0x09 => "class code",
        0x0C => "cache line size",
        0x0E => "header type",
        >= 0x10 and < 0x28 when offset % 4 == 0 => $"BAR {(offset - 0x10) / 4}",
        0x2C => "subsystem vendor id",
        0x2E => "subsystem id",
        0x34 => "capabilities pointer",
        0x3C => "interrupt line",
        0x3D => "interrupt pin",
        _ => $"0x{offset:x2}",
    };
}
