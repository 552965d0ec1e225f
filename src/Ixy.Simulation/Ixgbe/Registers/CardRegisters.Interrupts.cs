using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// Interrupts (8.2.3.5) and MSI-X (8.2.3.6). Those that the driver uses are in its own table.
internal static partial class CardRegisters
{
    internal static readonly Register EIMC_EX = Define(0x00AB0, "Mask clear (8.2.3.5.8)", 0, 2, access: WriteOnly);
    internal static readonly Register EICS = Define(0x00808, "Interrupt cause set (8.2.3.5)", access: WriteOnly);
    internal static readonly Register EIMS = Define(0x00880, "Interrupt mask: reads it, written ones set bits (8.2.3.5)");
    internal static readonly Register EIAM = Define(0x00890, "Masks set or cleared by EICR and EICS accesses (8.2.3.5)");
    internal static readonly Register EICS_EX = Define(0x00A90, "Interrupt cause set, vectors 0-63 (8.2.3.5)", 0, 2, access: WriteOnly);
    internal static readonly Register EITRSEL = Define(0x00894, "Whether a pool's EITR is the physical function's (8.2.3.5)");
    internal static readonly Register IVAR_MISC = Define(0x00A00, "Vectors of TCP timer and other causes (8.2.3.5)", 0x8000);
    internal static readonly Register PBACL = Define(0x110C0, "Clears MSI-X pending bits (8.2.3.6)", 0, 8);

    internal static class EICR_
    {
        public const uint Queues = 0xFFFF, FlowDirector = 1u << 16, RxMiss = 1u << 17, PciException = 1u << 18, Mailbox = 1u << 19;
        public const uint LinkChange = 1u << 20, LinkSec = 1u << 21, Manageability = 1u << 22, TimeSync = 1u << 24, Ecc = 1u << 28;
        public const uint TcpTimer = 1u << 30, OtherCause = 1u << 31;

        /// <summary>What IVAR_MISC maps as the one "other" cause, and what a read clears even with GPIE.OCD.</summary>
        public const uint Other = 0x3FFF_0000;
    }
}
