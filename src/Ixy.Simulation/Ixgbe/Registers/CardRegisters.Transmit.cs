using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// Transmit (8.2.3.9), the transmit arbiters (8.2.3.10), transmit DCA (8.2.3.11); the rest is in the driver's table.
internal static partial class CardRegisters
{
    internal static readonly Register MTQC = Define(0x08120, "Multiple transmit queues: traffic classes, pools (8.2.3.9.15)");
    internal static readonly Register TQSM = Define(0x08600, "Statistics counters of four transmit queues (8.2.3.23)", 0, 32);
    internal static readonly Register RTTDT2C = Define(0x04910, "Credits of a class, descriptor plane: kept, not applied (8.2.3.10.9)", 0, 8);
    internal static readonly Register RTTPT2C = Define(0x0CD20, "Credits of a class, packet plane: kept, not applied (8.2.3.10.10)", 0, 8);
    internal static readonly Register RTTUP2TC = Define(0x0C800, "Traffic class of each user priority sent (8.2.3.10.5)");
    internal static readonly Register DCA_TXCTRL = Define(0x0600C, "Transmit DCA and PCIe attributes (8.2.3.11.2)", 0x2A00, 128, 0x40);
    internal static readonly Register TDWBAL = Define(0x06038, "Head write-back: enable, address, low (8.2.3.9.11)", 0, 128, 0x40);
    internal static readonly Register TDWBAH = Define(0x0603C, "Head write-back: address, high (8.2.3.9.12)", 0, 128, 0x40);

    internal static readonly Register DTXTCPFLGL = Define(0x04A88, "TCP flags kept in the first and the middle segments (8.2.3.9.3)", 0x0F76_0FF6);
    internal static readonly Register DTXTCPFLGH = Define(0x04A8C, "TCP flags kept in the last segment (8.2.3.9.4)", 0x0000_0F7F);
    internal static readonly Register MNGTXMAP = Define(0x0CD10, "Traffic class of management packets (8.2.3.9.14)");

    // Descriptor plane (8.2.3.10): which queue's data is fetched next.
    internal static readonly Register RTTDT1S = Define(0x0490C, "Credits left to the queue in RTTDQSEL (8.2.3.10)", access: ReadOnly);
    internal static readonly Register RTTDT2S = Define(0x04930, "Credits left to a traffic class, descriptor plane (8.2.3.10)", 0, 8, access: ReadOnly);
    internal static readonly Register RTTBCNRM = Define(0x04980, "Rate limiter: memory size (8.2.3.10)");
    internal static readonly Register RTTBCNRS = Define(0x04988, "Rate limiter: status (8.2.3.10)", access: ReadOnly);
    internal static readonly Register RTTBCNRD = Define(0x0498C, "Rate limiter: drift (8.2.3.10)");
    internal static readonly Register RTTDTECC = Define(0x04990, "Rate limiter: memory test (8.2.3.10)");

    internal static readonly Register TXLLQ = Define(0x082E0, "Low latency transmit queues (8.2.3.10)", 0, 4);

    // Congestion notification (8.2.3.10)
    internal static readonly Register RTTBCNTG = Define(0x04A90, "Congestion notification: tag (8.2.3.10)");
    internal static readonly Register RTTBCNRTT = Define(0x05150, "Congestion notification: round trip (8.2.3.10)");
    internal static readonly Register RTTBCNCR = Define(0x08B00, "Congestion notification: control (8.2.3.10)");
    internal static readonly Register RTTBCNACH = Define(0x08B04, "Congestion notification: address, high (8.2.3.10)");
    internal static readonly Register RTTBCNACL = Define(0x08B08, "Congestion notification: address, low (8.2.3.10)");
    internal static readonly Register RTTBCNIDX = Define(0x08B0C, "Congestion notification: index (8.2.3.10)");
    internal static readonly Register RTTBCNCP = Define(0x08B10, "Congestion notification: congestion point (8.2.3.10)", access: ReadOnly);
    internal static readonly Register RTFRTIMER = Define(0x08B14, "Congestion notification: timer (8.2.3.10)", access: ReadOnly);

    // Packet plane (8.2.3.10): which packet buffer is sent next.
    internal static readonly Register RTTPCS = Define(0x0CD00, "Packet plane arbiter (8.2.3.10.3)", 0x8900_0000);
    internal static readonly Register RTTPT2S = Define(0x0CD40, "Credits left to a traffic class, packet plane (8.2.3.10)", 0, 8, access: ReadOnly);

    internal static class TDWBAL_ { public const uint Enable = 1, AddressMask = ~0xFu; }
    internal static class MTQC_
    {
        public const uint TrafficClasses = 1, Pools = 1u << 1, CountMask = 3u << 2, Count01 = 1u << 2, Count10 = 2u << 2, Count11 = 3u << 2;
    }
    internal static class RTTBCNRC_ { public const uint Enable = 1u << 31; }
    internal static class DCA_TXCTRL_ { public const uint WriteBackRelaxedOrdering = 1u << 11; }
}
