using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe;

// Interrupts (8.2.3.5) and MSI-X (8.2.3.6). EICR, EIMC and EIMC_EX are in the driver's table.
internal static partial class CardRegisters
{
    internal static readonly Register EICS = Define("EICS", 0x00808, WriteOnly, 0, "Interrupt cause set (8.2.3.5)");
    internal static readonly Register EIMS = Define("EIMS", 0x00880, ReadWrite, 0, "Interrupt mask: reads it, written ones set bits (8.2.3.5)");
    internal static readonly Register EIAC = Define("EIAC", 0x00810, ReadWrite, 0, "Causes cleared when their MSI-X message is sent (8.2.3.5)");
    internal static readonly Register EIAM = Define("EIAM", 0x00890, ReadWrite, 0, "Masks set or cleared by EICR and EICS accesses (8.2.3.5)");
    internal static readonly Register EICS_EX = Define("EICS_EX", 0x00A90, WriteOnly, 0, "Interrupt cause set, vectors 0-63 (8.2.3.5)", 2);
    internal static readonly Register EIMS_EX = Define("EIMS_EX", 0x00AA0, ReadWrite, 0, "Interrupt mask, vectors 0-63 (8.2.3.5)", 2);
    internal static readonly Register EIAM_EX = Define("EIAM_EX", 0x00AD0, ReadWrite, 0, "Auto-mask, vectors 0-63 (8.2.3.5)", 2);
    internal static readonly Register EITRSEL = Define("EITRSEL", 0x00894, ReadWrite, 0, "Whether a pool's EITR is the physical function's (8.2.3.5)");
    internal static readonly Register EITR = Define(new("EITR", 0x00820, ReadWrite, 0, "Interval between interrupts of a vector (8.2.3.5)")
    {
        Count = 129,
        Split = 24,
        UpperOffset = 0x12300,
    });
    internal static readonly Register IVAR = Define("IVAR", 0x00900, ReadWrite, 0, "Vectors of two queue pairs (8.2.3.5)", 64);
    internal static readonly Register IVAR_MISC = Define("IVAR_MISC", 0x00A00, ReadWrite, 0x8000, "Vectors of TCP timer and other causes (8.2.3.5)");
    internal static readonly Register GPIE = Define("GPIE", 0x00898, ReadWrite, 0, "Interrupt mode: MSI-X, auto-mask, SDP causes (8.2.3.5)");
    internal static readonly Register PBACL = Define(new("PBACL", 0x110C0, ReadWrite, 0, "Clears MSI-X pending bits (8.2.3.6)")
    {
        Count = 8,
        AliasOffset = 0x11068,
        AliasCount = 1,
    });

    internal static class EICR_
    {
        public const uint Queues = 0xFFFF, FlowDirector = 1u << 16, RxMiss = 1u << 17, PciException = 1u << 18, Mailbox = 1u << 19;
        public const uint LinkChange = 1u << 20, LinkSec = 1u << 21, Manageability = 1u << 22, Ecc = 1u << 28;
        public const uint TcpTimer = 1u << 30, OtherCause = 1u << 31;

        /// <summary>What IVAR_MISC maps as the one "other" cause, and what a read clears even with GPIE.OCD.</summary>
        public const uint Other = 0x3FFF_0000;
    }

    internal static class GPIE_
    {
        public const uint MultipleMsix = 1u << 4, OtherClearDisable = 1u << 5, ImmediateEics = 1u << 6;
        public const int LowLatencyIntervalShift = 7;
        public const uint LowLatencyIntervalMask = 0xF, AutoMask = 1u << 30, PbaSupport = 1u << 31;
    }

    internal static class EITR_
    {
        public const int IntervalShift = 3, CreditShift = 16, CounterShift = 21;
        public const uint IntervalMask = 0x1FF, CreditMask = 0x1F, CounterMask = 0x7F;
        public const uint LowLatencyModeration = 1u << 15, CounterWriteDisable = 1u << 31;
    }
}
