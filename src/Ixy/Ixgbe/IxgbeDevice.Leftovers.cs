using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

// What the driver before left behind. Memories of filters and arbiters, and the PCIe block, keep what they have through
// every reset but power-on (4.2.3). Each of them that can do harm is written here, and with them much that the reset
// clears, too; IVAR_MISC is not, as none of its causes is ever enabled. docs/ixgbe-registers-after-reset.md lists every register,
// and why others need no write.
public sealed partial class IxgbeDevice
{
    // All of their elements get their reset values. Those that are used get their own afterwards.
    private static readonly Register[] s_leftovers =
    [
        // 4.6.3.2: without flow control they are written with 0.
        FCTTV, FCRTL, FCRTH, FCRTV, FCCFG, MFLCN,
        // 4.6.6 Interrupts, also of queues that are not in use.
        GPIE, EIAC, EIAM_EX, EITR, IVAR,
        // 4.6.7 Receive: filters by address and VLAN, by protocol, and what comes with them.
        MTA, PFUTA, VFTA, PFVLVF, PFVLVFB, MPSAR, FCTRL, MCSTCTRL, VLNCTRL, RXCSUM, RFCTL,
        ETQF, SYNQF, FTQF, L34TIMIR, FDIRCTRL, MRQC, PFVTCTL, RTRUP2TC, RTRPT4C,
        PSRTYPE, RSCCTL, SRRCTL, RQSMR, DCA_CTRL, DCA_RXCTRL,
        // 4.6.8 Transmit
        DCA_TXCTRL, TDWBAL, TDWBAH, TQSM,
    ];

    // 4.6.11.3.4: without DCB and virtualization there are no weights. Written while the arbiter stands still.
    private static readonly Register[] s_arbiters = [MTQC, RTTDT2C, RTTPT2C, RTTUP2TC];

    private void ClearLeftovers()
    {
        Change(GCR_EXT, GCR_EXT_.VirtualizationMask | GCR_EXT_.BuffersClear, set: false);
        Change(CTRL_EXT, CTRL_EXT_.ExtendedVlan, set: false);
        // Of the rest some is not the same on every card, as the speed of MDIO.
        Change(HLREG0, HLREG0_.Loopback | HLREG0_.PrependMask | HLREG0_.RxPadStrip, set: false);
        WriteResetValues(s_leftovers);
    }

    // Credits, rate limits and drop enable: an element for each queue behind one register (8.2.3.10.13, 8.2.3.27.9).
    private void ClearArbiters()
    {
        WriteResetValues(s_arbiters);
        for (uint queue = 0; queue < RXDCTL.Count; queue++)
        {
            Write(RTTDQSEL, queue);
            Write(RTTDT1C, 0);
            Write(RTTBCNRC, 0);
            Write(PFQDE, PFQDE_.WriteEnable | queue << PFQDE_.QueueShift);
        }
    }

    private void WriteResetValues(Register[] registers)
    {
        foreach (var register in registers)
        {
            for (int i = 0; i < register.Count; i++) _bar.Write32(register[i], register.Reset);
        }
    }
}
