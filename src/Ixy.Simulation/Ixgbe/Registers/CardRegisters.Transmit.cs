using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// Transmit (8.2.3.9), the transmit arbiters (8.2.3.10), transmit DCA (8.2.3.11); the rest is in the driver's table.
internal static partial class CardRegisters
{
    internal static readonly Register DTXTCPFLGL = Define("DTXTCPFLGL", 0x04A88, ReadWrite, 0x0F76_0FF6, "TCP flags kept in the first and the middle segments (8.2.3.9.3)");
    internal static readonly Register DTXTCPFLGH = Define("DTXTCPFLGH", 0x04A8C, ReadWrite, 0x0000_0F7F, "TCP flags kept in the last segment (8.2.3.9.4)");
    internal static readonly Register MNGTXMAP = Define("MNGTXMAP", 0x0CD10, ReadWrite, 0, "Traffic class of management packets (8.2.3.9.14)");

    // Descriptor plane (8.2.3.10): which queue's data is fetched next.
    internal static readonly Register RTTDT1S = Define("RTTDT1S", 0x0490C, ReadOnly, 0, "Credits left to the queue in RTTDQSEL (8.2.3.10)");
    internal static readonly Register RTTDT2S = Define("RTTDT2S", 0x04930, ReadOnly, 0, "Credits left to a traffic class, descriptor plane (8.2.3.10)", 8);
    internal static readonly Register RTTBCNRM = Define("RTTBCNRM", 0x04980, ReadWrite, 0, "Rate limiter: memory size (8.2.3.10)");
    internal static readonly Register RTTBCNRS = Define("RTTBCNRS", 0x04988, ReadOnly, 0, "Rate limiter: status (8.2.3.10)");
    internal static readonly Register RTTBCNRD = Define("RTTBCNRD", 0x0498C, ReadWrite, 0, "Rate limiter: drift (8.2.3.10)");
    internal static readonly Register RTTDTECC = Define("RTTDTECC", 0x04990, ReadWrite, 0, "Rate limiter: memory test (8.2.3.10)");

    internal static readonly Register TXLLQ = Define("TXLLQ", 0x082E0, ReadWrite, 0, "Low latency transmit queues (8.2.3.10)", 4);

    // Congestion notification (8.2.3.10)
    internal static readonly Register RTTBCNTG = Define("RTTBCNTG", 0x04A90, ReadWrite, 0, "Congestion notification: tag (8.2.3.10)");
    internal static readonly Register RTTBCNRTT = Define("RTTBCNRTT", 0x05150, ReadWrite, 0, "Congestion notification: round trip (8.2.3.10)");
    internal static readonly Register RTTBCNCR = Define("RTTBCNCR", 0x08B00, ReadWrite, 0, "Congestion notification: control (8.2.3.10)");
    internal static readonly Register RTTBCNACH = Define("RTTBCNACH", 0x08B04, ReadWrite, 0, "Congestion notification: address, high (8.2.3.10)");
    internal static readonly Register RTTBCNACL = Define("RTTBCNACL", 0x08B08, ReadWrite, 0, "Congestion notification: address, low (8.2.3.10)");
    internal static readonly Register RTTBCNIDX = Define("RTTBCNIDX", 0x08B0C, ReadWrite, 0, "Congestion notification: index (8.2.3.10)");
    internal static readonly Register RTTBCNCP = Define("RTTBCNCP", 0x08B10, ReadOnly, 0, "Congestion notification: congestion point (8.2.3.10)");
    internal static readonly Register RTFRTIMER = Define("RTFRTIMER", 0x08B14, ReadOnly, 0, "Congestion notification: timer (8.2.3.10)");

    // Packet plane (8.2.3.10): which packet buffer is sent next.
    internal static readonly Register RTTPCS = Define("RTTPCS", 0x0CD00, ReadWrite, 0x8900_0000, "Packet plane arbiter (8.2.3.10.3)");
    internal static readonly Register RTTPT2S = Define("RTTPT2S", 0x0CD40, ReadOnly, 0, "Credits left to a traffic class, packet plane (8.2.3.10)", 8);

    internal static class TDWBAL_ { public const uint Enable = 1, AddressMask = ~0xFu; }
    internal static class MTQC_
    {
        public const uint TrafficClasses = 1, Pools = 1u << 1, CountMask = 3u << 2, Count01 = 1u << 2, Count10 = 2u << 2, Count11 = 3u << 2;
    }
    internal static class RTTBCNRC_ { public const uint Enable = 1u << 31; }
    internal static class DCA_TXCTRL_ { public const uint WriteBackRelaxedOrdering = 1u << 11; }
}
