using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// Fibre Channel over Ethernet (8.2.3.22 and on): drivers program it where the kernel has FCoE. Nothing comes of it here.
internal static partial class CardRegisters
{
    internal static readonly Register FCPTR = Define("FCPTR", 0x02410, ReadWrite, 0, "FCoE: address of the user descriptors (7.13)", 2);
    internal static readonly Register FCBUFF = Define("FCBUFF", 0x02418, ReadWrite, 0, "FCoE: buffers of a context (7.13)");
    internal static readonly Register FCDMARW = Define("FCDMARW", 0x02420, ReadWrite, 0, "FCoE: access to the DMA context (7.13)");
    internal static readonly Register TEOFF = Define("TEOFF", 0x04A94, ReadWrite, 0, "FCoE: end-of-frame codes sent (7.13)");
    internal static readonly Register TSOFF = Define("TSOFF", 0x04A98, ReadWrite, 0, "FCoE: start-of-frame codes sent (7.13)");
    internal static readonly Register FCRXCTRL = Define("FCRXCTRL", 0x05100, ReadWrite, 0, "FCoE: receive control (7.13)");
    internal static readonly Register FCFLT = Define("FCFLT", 0x05108, ReadWrite, 0, "FCoE: filter context (7.13)");
    internal static readonly Register FCSMAC = Define("FCSMAC", 0x0510C, ReadWrite, 0, "FCoE: source address of a context (7.13)");
    internal static readonly Register FCFLTRW = Define("FCFLTRW", 0x05110, ReadWrite, 0, "FCoE: access to the filter context (7.13)");
    internal static readonly Register FCD_ID = Define("FCD_ID", 0x05114, ReadWrite, 0, "FCoE: destination of a context (7.13)");
    internal static readonly Register REOFF = Define("REOFF", 0x05158, ReadWrite, 0, "FCoE: end-of-frame codes received (7.13)");
    internal static readonly Register FCPARAM = Define("FCPARAM", 0x051D8, ReadWrite, 0, "FCoE: offset of a context (7.13)");
    internal static readonly Register RSOFF = Define("RSOFF", 0x051F8, ReadWrite, 0, "FCoE: start-of-frame codes received (7.13)");
    internal static readonly Register FCRECTL = Define("FCRECTL", 0x0ED00, ReadWrite, 0, "FCoE: redirection on (7.13)");
    internal static readonly Register FCRETA = Define("FCRETA", 0x0ED10, ReadWrite, 0, "FCoE: redirection table (7.13)", 8);
    internal static readonly Register FCRETA_X550 = SinceX550(Define("FCRETA_X550", 0x0ED30, ReadWrite, 0, "FCoE: redirection table, entries 8-31 (X550)", 24));
}
