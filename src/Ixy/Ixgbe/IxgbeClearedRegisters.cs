using System.Runtime.CompilerServices;
using static Ixy.RegisterAccess;

namespace Ixy.Ixgbe;

/// <summary>
/// Registers the driver only resets, whatever the previous driver left there: a start writes the reset value to each
/// element. Features set some of them afterwards. Their meaning is in the card's model, which acts on them.
/// </summary>
public static class IxgbeClearedRegisters
{
    private static readonly RegisterTable s_all = new();

    /// <summary>Every register of this table, in order.</summary>
    public static IReadOnlyList<Register> All => s_all.Rows;

    // Flow control (8.2.3.3): without it, 0 is written (4.6.3.2).
    public static readonly Register FCTTV = Clear(0x03200, 4), FCRTL = Clear(0x03220, 8), FCRTV = Clear(0x032A0),
        FCCFG = Clear(0x03D00), MFLCN = Clear(0x04294);

    // Interrupts (8.2.3.5), including those of queues that are not in use
    public static readonly Register GPIE = Clear(0x00898), EIAC = Clear(0x00810), EIAM_EX = Clear(0x00AD0, 2),
        EITR = Clear(0x00820, 129, split: 24, upper: 0x12300), IVAR = Clear(0x00900, 64);

    // Receive filters by address and VLAN, by protocol, and related registers (8.2.3.7, 8.2.3.21, 8.2.3.27)
    public static readonly Register MTA = Clear(0x05200, 128), PFUTA = Clear(0x0F400, 128), VFTA = Clear(0x0A000, 128),
        PFVLVF = Clear(0x0F100, 64), PFVLVFB = Clear(0x0F200, 128), MCSTCTRL = Clear(0x05090),
        VLNCTRL = Clear(0x05088, reset: 0x8100), RXCSUM = Clear(0x05000), RFCTL = Clear(0x05008),
        ETQF = Clear(0x05128, 8), SYNQF = Clear(0x0EC30), FTQF = Clear(0x0E600, 128), L34TIMIR = Clear(0x0E800, 128),
        FDIRCTRL = Clear(0x0EE00), MRQC = Clear(0x05818), PFVTCTL = Clear(0x051B0);

    // Receive (8.2.3.8, 8.2.3.10, 8.2.3.11, 8.2.3.23)
    public static readonly Register PSRTYPE = Clear(0x0EA00, 64), RQSMR = Clear(0x02300, 32), RTRUP2TC = Clear(0x03020),
        RSCCTL = Clear(0x0102C, 128, 0x40, split: 64, upper: 0x0D02C), RTRPT4C = Clear(0x02140, 8),
        DCA_CTRL = Clear(0x11074, reset: 1);

    // Transmit (8.2.3.9, 8.2.3.11, 8.2.3.23)
    public static readonly Register DCA_TXCTRL = Clear(0x0600C, 128, 0x40, 0x2A00), TDWBAL = Clear(0x06038, 128, 0x40),
        TDWBAH = Clear(0x0603C, 128, 0x40), TQSM = Clear(0x08600, 32);

    // Transmit arbiter (8.2.3.10): without DCB and virtualization there are no weights (4.6.11.3.4). RTTDT1C, RTTBCNRC
    // and PFQDE (8.2.3.27.9) have an element for each queue, which is chosen by a selector.
    public static readonly Register MTQC = Clear(0x08120), RTTDT2C = Clear(0x04910, 8), RTTPT2C = Clear(0x0CD20, 8),
        RTTUP2TC = Clear(0x0C800), RTTDQSEL = Clear(0x04904), RTTDT1C = Clear(0x04908), RTTBCNRC = Clear(0x04984),
        PFQDE = Clear(0x02F04);
    public static class PFQDE_ { public const uint WriteEnable = 1u << 16, QueueUnit = 1u << 8; }

    private static Register Clear(uint at, int count = 1, uint stride = 4, uint reset = 0, int split = int.MaxValue,
        uint upper = 0, [CallerMemberName] string name = "") =>
        s_all.Add(new(name, at, ReadWrite, reset, "", count, stride, Split: split, Upper: upper));
}
