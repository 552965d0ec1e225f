using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// Interrupts (8.2.3.5) and MSI-X (8.2.3.6). What the driver uses of them is in its table.
internal static partial class CardRegisters
{
    internal static readonly Register EICS = Define("EICS", 0x00808, WriteOnly, 0, "Interrupt cause set (8.2.3.5)");
    internal static readonly Register EIMS = Define("EIMS", 0x00880, ReadWrite, 0, "Interrupt mask: reads it, written ones set bits (8.2.3.5)");
    internal static readonly Register EIAM = Define("EIAM", 0x00890, ReadWrite, 0, "Masks set or cleared by EICR and EICS accesses (8.2.3.5)");
    internal static readonly Register EICS_EX = Define("EICS_EX", 0x00A90, WriteOnly, 0, "Interrupt cause set, vectors 0-63 (8.2.3.5)", 2);
    internal static readonly Register EITRSEL = Define("EITRSEL", 0x00894, ReadWrite, 0, "Whether a pool's EITR is the physical function's (8.2.3.5)");
    internal static readonly Register IVAR_MISC = Define("IVAR_MISC", 0x00A00, ReadWrite, 0x8000, "Vectors of TCP timer and other causes (8.2.3.5)");
    internal static readonly Register PBACL = Define(new("PBACL", 0x110C0, ReadWrite, 0, "Clears MSI-X pending bits (8.2.3.6)")
    {
        Count = 8,
        AliasOffset = 0x11068,
        AliasCount = 1,
    });

    internal static class EICR_
    {
        public const uint Queues = 0xFFFF, FlowDirector = 1u << 16, RxMiss = 1u << 17, PciException = 1u << 18, Mailbox = 1u << 19;
        public const uint LinkChange = 1u << 20, LinkSec = 1u << 21, Manageability = 1u << 22, TimeSync = 1u << 24, Ecc = 1u << 28;
        public const uint TcpTimer = 1u << 30, OtherCause = 1u << 31;

        /// <summary>What IVAR_MISC maps as the one "other" cause, and what a read clears even with GPIE.OCD.</summary>
        public const uint Other = 0x3FFF_0000;
    }
}
