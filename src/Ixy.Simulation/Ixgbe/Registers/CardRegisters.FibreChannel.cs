namespace Ixy.Simulation.Ixgbe.Registers;

// Fibre Channel over Ethernet (8.2.3.22 onwards): drivers program it if the kernel has FCoE. It has no effect here.
internal static partial class CardRegisters
{
    internal static readonly Register FCPTR = Define(0x02410, "FCoE: address of the user descriptors (7.13)", 0, 2);
    internal static readonly Register FCBUFF = Define(0x02418, "FCoE: buffers of a context (7.13)");
    internal static readonly Register FCDMARW = Define(0x02420, "FCoE: access to the DMA context (7.13)");
    internal static readonly Register TEOFF = Define(0x04A94, "FCoE: end-of-frame codes sent (7.13)");
    internal static readonly Register TSOFF = Define(0x04A98, "FCoE: start-of-frame codes sent (7.13)");
    internal static readonly Register FCRXCTRL = Define(0x05100, "FCoE: receive control (7.13)");
    internal static readonly Register FCFLT = Define(0x05108, "FCoE: filter context (7.13)");
    internal static readonly Register FCSMAC = Define(0x0510C, "FCoE: source address of a context (7.13)");
    internal static readonly Register FCFLTRW = Define(0x05110, "FCoE: access to the filter context (7.13)");
    internal static readonly Register FCD_ID = Define(0x05114, "FCoE: destination of a context (7.13)");
    internal static readonly Register REOFF = Define(0x05158, "FCoE: end-of-frame codes received (7.13)");
    internal static readonly Register FCPARAM = Define(0x051D8, "FCoE: offset of a context (7.13)");
    internal static readonly Register RSOFF = Define(0x051F8, "FCoE: start-of-frame codes received (7.13)");
    internal static readonly Register FCRECTL = Define(0x0ED00, "FCoE: redirection on (7.13)");
    internal static readonly Register FCRETA = Define(0x0ED10, "FCoE: redirection table (7.13)", 0, 8);
    internal static readonly Register FCRETA_X550 = SinceX550(Define(0x0ED30, "FCoE: redirection table, entries 8-31 (X550)", 0, 24));
}
