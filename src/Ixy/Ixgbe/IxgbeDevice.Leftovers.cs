using static Ixy.Ixgbe.IxgbeClearedRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

// What the previous driver left behind. The memories of filters and arbiters, and the PCIe block, keep their contents
// through every reset except power-on (4.2.3). Each of them that can do harm is written here, together with much that
// the reset clears as well; IVAR_MISC is not, because none of its causes is ever enabled.
// docs/ixgbe-registers-after-reset.md lists every register, and why the others need no write.
public sealed partial class IxgbeDevice
{
    // All of their elements get their reset values. Those in use are set afterwards.
    private void ClearLeftovers()
    {
        Change(GCR_EXT, GCR_EXT_.VirtualizationMask | GCR_EXT_.BuffersClear, set: false);
        Change(CTRL_EXT, CTRL_EXT_.ExtendedVlan, set: false);
        // The rest differs between cards in places, like the speed of MDIO.
        Change(HLREG0, HLREG0_.Loopback | HLREG0_.PrependMask | HLREG0_.RxPadStrip, set: false);
        // The transmit arbiter is stopped while its registers change (8.2.3.10.2).
        Change(RTTDCS, RTTDCS_.ArbiterDisable, set: true);
        foreach (var register in (Register[])[.. IxgbeClearedRegisters.All, FCRTH, FCTRL, MPSAR, SRRCTL, DCA_RXCTRL])
        {
            for (int i = 0; i < register.Count; i++) _bar.Write32(register[i], register.Reset);
        }
        for (uint queue = 0; queue < RXDCTL.Count; queue++)
        {
            Write(RTTDQSEL, queue);
            Write(RTTDT1C, 0);
            Write(RTTBCNRC, 0);
            Write(PFQDE, PFQDE_.WriteEnable | queue * PFQDE_.QueueUnit);
        }
    }
}
