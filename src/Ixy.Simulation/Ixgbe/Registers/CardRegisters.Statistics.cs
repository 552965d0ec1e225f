using System.Runtime.CompilerServices;
using static Ixy.RegisterAccess;

namespace Ixy.Simulation.Ixgbe.Registers;

// Statistics (8.2.3.23), all cleared by reading; those that the driver reads are in its own table.
internal static partial class CardRegisters
{
    // Errors
    internal static readonly Register ILLERRC = Counter(0x04004, "Frames with illegal symbols");
    internal static readonly Register ERRBC = Counter(0x04008, "Error bytes");
    internal static readonly Register MSPDC = Counter(0x04010, "Short packets the MAC discarded");
    internal static readonly Register MLFC = Counter(0x04034, "Faults in the local MAC");
    internal static readonly Register MRFC = Counter(0x04038, "Faults in the remote MAC");
    internal static readonly Register RFC = Counter(0x040A8, "Fragments: undersized, bad FCS");
    internal static readonly Register RJC = Counter(0x040B0, "Jabber: oversized, bad FCS");
    internal static readonly Register XEC = Counter(0x04120, "Received with a wrong checksum");
    internal static readonly Register SSVPC = Counter(0x08780, "Sent packets dropped for a spoofed source");

    // Pause
    internal static readonly Register LXONTXC = Counter(0x03F60, "Link XON sent");
    internal static readonly Register LXOFFTXC = Counter(0x03F68, "Link XOFF sent");
    internal static readonly Register LXONRXCNT = Counter(0x041A4, "Link XON received");
    internal static readonly Register LXOFFRXCNT = Counter(0x041A8, "Link XOFF received");
    internal static readonly Register PXONTXC = Counter(0x03F00, "Priority XON sent", 8);
    internal static readonly Register PXOFFTXC = Counter(0x03F20, "Priority XOFF sent", 8);
    internal static readonly Register PXONRXCNT = Counter(0x04140, "Priority XON received", 8);
    internal static readonly Register PXOFFRXCNT = Counter(0x04160, "Priority XOFF received", 8);
    internal static readonly Register PXON2OFFCNT = Counter(0x03240, "Priority XON to XOFF changes", 8);

    // Received, by length with FCS
    internal static readonly Register PRC64 = Counter(0x0405C, "Good packets received of 64 bytes");
    internal static readonly Register PRC127 = Counter(0x04060, "Good packets received of 65 to 127 bytes");
    internal static readonly Register PRC255 = Counter(0x04064, "Good packets received of 128 to 255 bytes");
    internal static readonly Register PRC511 = Counter(0x04068, "Good packets received of 256 to 511 bytes");
    internal static readonly Register PRC1023 = Counter(0x0406C, "Good packets received of 512 to 1023 bytes");
    internal static readonly Register PRC1522 = Counter(0x04070, "Good packets received of 1024 bytes and more");

    // Received
    internal static readonly Register BPRC = Counter(0x04078, "Broadcasts received");
    internal static readonly Register MPRC = Counter(0x0407C, "Multicasts received");
    internal static readonly Register MNGPRC = Counter(0x040B4, "Management packets received");
    internal static readonly Register MNGPDC = Counter(0x040B8, "Management packets dropped");
    internal static readonly Register TORL = Counter(0x040C0, "All bytes received, low 32 bits");
    internal static readonly Register TORH = Counter(0x040C4, "All bytes received, high 4 bits");
    internal static readonly Register GPRC = Counter(0x04074, "Good packets received");
    internal static readonly Register GORCL = Counter(0x04088, "Good bytes received, low 32 bits");
    internal static readonly Register GORCH = Counter(0x0408C, "Good bytes received, high 4 bits");
    internal static readonly Register TPR = Counter(0x040D0, "All packets received");
    internal static readonly Register RXNFGPC = Counter(0x041B0, "Good packets received, before filters");
    internal static readonly Register RXNFGBCL = Counter(0x041B4, "Their bytes, low 32 bits");
    internal static readonly Register RXNFGBCH = Counter(0x041B8, "Their bytes, high 4 bits");
    internal static readonly Register RXDSTATCTRL = Define(0x02F40, "Queues that RXDGPC counts (8.2.3.23)");
    internal static readonly Register RXDGPC = Counter(0x02F50, "Good packets the receive DMA posted to queues");
    internal static readonly Register RXDGBCL = Counter(0x02F54, "Their bytes, low 32 bits");
    internal static readonly Register RXDGBCH = Counter(0x02F58, "Their bytes, high 4 bits");
    internal static readonly Register RXDDGPC = Counter(0x02F5C, "Good packets received, duplicated");
    internal static readonly Register RXDDGBCL = Counter(0x02F60, "Their bytes, low 32 bits");
    internal static readonly Register RXDDGBCH = Counter(0x02F64, "Their bytes, high 4 bits");
    internal static readonly Register RXLPBKGPC = Counter(0x02F68, "Good packets looped back");
    internal static readonly Register RXLPBKGBCL = Counter(0x02F6C, "Their bytes, low 32 bits");
    internal static readonly Register RXLPBKGBCH = Counter(0x02F70, "Their bytes, high 4 bits");
    internal static readonly Register RXDLPBKGPC = Counter(0x02F74, "Good packets looped back, duplicated");
    internal static readonly Register RXDLPBKGBCL = Counter(0x02F78, "Their bytes, low 32 bits");
    internal static readonly Register RXDLPBKGBCH = Counter(0x02F7C, "Their bytes, high 4 bits");

    // Sent
    internal static readonly Register TXDGPC = Counter(0x087A0, "Good packets the transmit DMA took from queues");
    internal static readonly Register TXDGBCL = Counter(0x087A4, "Their bytes, low 32 bits");
    internal static readonly Register TXDGBCH = Counter(0x087A8, "Their bytes, high 4 bits");
    internal static readonly Register MNGPTC = Counter(0x0CF90, "Management packets sent");
    internal static readonly Register TPT = Counter(0x040D4, "All packets sent");
    internal static readonly Register PTC64 = Counter(0x040D8, "Packets sent of 64 bytes");
    internal static readonly Register PTC127 = Counter(0x040DC, "Packets sent of 65 to 127 bytes");
    internal static readonly Register PTC255 = Counter(0x040E0, "Packets sent of 128 to 255 bytes");
    internal static readonly Register PTC511 = Counter(0x040E4, "Packets sent of 256 to 511 bytes");
    internal static readonly Register PTC1023 = Counter(0x040E8, "Packets sent of 512 to 1023 bytes");
    internal static readonly Register PTC1522 = Counter(0x040EC, "Packets sent of 1024 bytes and more");
    internal static readonly Register MPTC = Counter(0x040F0, "Multicasts sent");
    internal static readonly Register BPTC = Counter(0x040F4, "Broadcasts sent");

    // Per-queue counters, as chosen by RQSMR and TQSM; sent packets are also visible where the 82598 had them.
    internal static readonly Register QPTC = Counter(0x08680, "Packets sent by queues", 16);
    internal static readonly Register QBTC_L = Counter(0x08700, "Bytes sent by queues, low 32 bits", 16, 8);
    internal static readonly Register QBTC_H = Counter(0x08704, "Bytes sent by queues, high 4 bits", 16, 8);

    // Fibre Channel over Ethernet
    internal static readonly Register FCCRC = Counter(0x05118, "FC frames with a wrong FC CRC");
    internal static readonly Register FCOERPDC = Counter(0x0241C, "FC frames dropped on receive");
    internal static readonly Register FCLAST = Counter(0x02424, "FC last-frame errors");
    internal static readonly Register FCOEPRC = Counter(0x02428, "FC frames received");
    internal static readonly Register FCOEDWRC = Counter(0x0242C, "FC words received");
    internal static readonly Register FCOEPTC = Counter(0x08784, "FC frames sent");
    internal static readonly Register FCOEDWTC = Counter(0x08788, "FC words sent");

    // Between operating system and management controller (X540 and X550)
    internal static readonly Register B2OSPC = SinceX540(Counter(0x041C0, "Packets from the controller, sent to the host"));
    internal static readonly Register O2BGPTC = SinceX540(Counter(0x041C4, "Packets from the host, taken by the controller"));
    internal static readonly Register B2OGPRC = SinceX540(Counter(0x02F90, "Packets from the controller, taken by the host"));
    internal static readonly Register O2BSPC = SinceX540(Counter(0x087B0, "Packets from the host, sent to the controller"));

    private static Register Counter(
        uint offset, string meaning, int count = 1, uint stride = 4, [CallerMemberName] string name = "") =>
        Define(offset, $"{meaning} (8.2.3.23)", 0, count, stride, ReadClear, name: name);
}
