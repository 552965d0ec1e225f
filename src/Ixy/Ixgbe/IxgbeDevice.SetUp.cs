using Ixy.Addresses;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.NetworkDeviceOptions;

namespace Ixy.Ixgbe;

// Initialisation and shutdown, in the order and with the section numbers of the datasheet.
public sealed partial class IxgbeDevice
{
    // 4.6.3 Initialization sequence
    private void SetUp()
    {
        DisableInterrupts();
        Reset(CTRL_.LRST | CTRL_.RST);
        WaitFor("the end of the reset", CTRL, CTRL_.LRST | CTRL_.RST, set: false);
        // Not earlier: a queue that the previous driver left on would run.
        _device.EnableBusMaster();
        DisableInterrupts();
        WaitFor("the EEPROM auto-read", EEC, EEC_.AutoReadDone, set: true, milliseconds: 500);
        WaitFor("the end of DMA initialisation", RDRXCTL, RDRXCTL_.DmaInitDone, set: true, milliseconds: 500);
        // 4.6.7 sets NS_DIS last; here before RXEN, so that no frame is written with No Snoop.
        Change(CTRL_EXT, CTRL_EXT_.DriverLoaded | CTRL_EXT_.NoSnoopDisable, set: true);
        ClearLeftovers();
        if (IxgbeModels.HasCage(_device.DeviceId)) StartSfpLink();
        else StartOtherLink();
        _device.Exclusively(AddStatistics);
        _statistics = _counted;
        SetUpReceive();
        if (!_options.IsPlain) SetUpFeatures();
        SetUpTransmit();
        OpenReceivePath();
    }

    // 4.6.3.1 Interrupts during initialization. Queues are polled, and none is enabled before a thread sleeps.
    private void DisableInterrupts()
    {
        Write(EIMC, EIMC_.All);
        Read(EICR);
    }

    // 4.6.3.2 Global reset, after stopping DMA that may still be running (5.2.5.3.2 Master disable). The reset is there
    // for cards that hang, so it continues without an answer.
    private void Reset(uint kinds)
    {
        Change(CTRL, CTRL_.MasterDisable, set: true);
        _ = TryWaitFor(STATUS, STATUS_.MasterEnable, set: false, milliseconds: 100);
        Write(CTRL, kinds);
        // A write is posted: without the read it may reach the card only when the wait is over. 4.2.1.6.1: no register
        // may be touched before a reset is over, which takes at least 1 ms, 10 ms for all parts.
        Read(STATUS);
        _device.Wait(TimeSpan.FromMilliseconds(10));
    }

    // What the previous driver left behind: the memories of filters and arbiters, and the PCIe block, keep their
    // contents through every reset except power-on (4.2.3). Each of them that can do harm is written here; those in use
    // are set afterwards. docs/ixgbe-registers-after-reset.md lists every register, and why the others need no write.
    private void ClearLeftovers()
    {
        Change(GCR_EXT, GCR_EXT_.VirtualizationMask | GCR_EXT_.BuffersClear, set: false);
        Change(CTRL_EXT, CTRL_EXT_.ExtendedVlan, set: false);
        foreach (var kept in (Register[])[MTA, PFUTA, VFTA, PFVLVF, PFVLVFB, MPSAR, PSRTYPE, FTQF, L34TIMIR, DCA_CTRL])
        {
            for (int i = 0; i < kept.Count; i++) _bar.Write32(kept[i], kept.Reset);
        }
        // The transmit arbiter is stopped while its registers change (8.2.3.10.2).
        Change(RTTDCS, RTTDCS_.ArbiterDisable, set: true);
        // Of these only the first is used: the port's own address (7.1.1), and all of both packet buffers. Without DCB
        // the others must have no size (4.6.11.3.4), and a reset gives them one (8.2.3.8.9, 8.2.3.9.13).
        foreach (var others in (Register[])[RAH, RXPBSIZE, TXPBSIZE])
        {
            for (int i = 1; i < others.Count; i++) _bar.Write32(others[i], 0);
        }
        for (uint queue = 0; queue < TXDCTL.Count; queue++)
        {
            Write(RTTDQSEL, queue);
            Write(RTTDT1C, 0);
            Write(RTTBCNRC, 0);
        }
    }

    // 4.6.4.2 An SFP+ cage: 10 Gbit/s serial. The link takes up to seconds to come up; see WaitForLink.
    private void StartSfpLink()
    {
        if (IxgbeModels.HasSfpPins(_device.DeviceId)) SwitchModuleOn();
        Write(AUTOC, Read(AUTOC) & ~AUTOC_.ModeMask | AUTOC_.Mode10GSerial | AUTOC_.Restart);
    }

    // 8.2.3.1.4 Pins keep the previous driver's settings through every reset except power-on. Linux switches the laser
    // off with SDP3 (TX_DISABLE) when an interface goes down, and selects a module's rate with SDP5 (RS0, RS1). A pin
    // that is an input drives nothing, and a module without a signal at TX_DISABLE is dark (SFF-8431).
    private void SwitchModuleOn() => Write(ESDP, Read(ESDP) & ~ESDP_.TxDisable | ESDP_.RateSelect | ESDP_.Outputs);

    // 4.6.7 Receive initialization
    private void SetUpReceive()
    {
        // The MAC, in both directions. The FCS is stripped here and in RDRXCTL, or in neither (8.2.3.22.8).
        Change(HLREG0, HLREG0_.RxCrcStrip | HLREG0_.JumboEnable | HLREG0_.TxCrcEnable | HLREG0_.TxPadEnable, set: true);
        // The other three do not have the reset's values, and software must change them (8.2.3.8.8).
        const uint ToBeSet = RDRXCTL_.CrcStrip | RDRXCTL_.RscAckChange | RDRXCTL_.FcoeWriteFix;
        Write(RDRXCTL, (Read(RDRXCTL) & ~RDRXCTL_.RscFirstSize) | ToBeSet);
        // A threshold is set although no pause frame is ever sent (4.6.3.2).
        Write(FCRTH, Read(RXPBSIZE) - FCRTH_.ThresholdDistance);
        // MAXFRS includes the FCS but no VLAN tag, and applies only with JUMBOEN (8.2.3.22.13).
        Write(MAXFRS, (uint)(_options.MaxFrameSize + FcsLength) << MAXFRS_.SizeShift);
        // 7.1.1: no address except the port's own, which is in the first pool (8.2.3.7.10); and broadcast.
        Write(MPSAR, 1);
        Write(FCTRL, ReceiveModes(_options.Promiscuous, allMulticast: false));
        for (int i = 0; i < _options.ReceiveQueues; i++) AddReceiveQueue(i);
    }

    // Only MPE accepts multicast frames, so promiscuous mode needs it as well (7.1.1).
    private static uint ReceiveModes(bool promiscuous, bool allMulticast) =>
        FCTRL_.BroadcastAccept | (promiscuous ? FCTRL_.UnicastPromiscuous : 0)
        | (promiscuous || allMulticast ? FCTRL_.MulticastPromiscuous : 0);

    // Each kind has its own compiled loop, so the common ones pay nothing for the others. Here are those for physical
    // addresses and no offload; others, and the queues of a device that is restarted, are in IxgbeDevice.Features.cs.
    private bool NeedsOtherQueues => _device.DeviceAddressIsVirtual || !_options.IsPlain || _isDown;

    private void AddReceiveQueue(int index)
    {
        _receiveQueues.Add(NeedsOtherQueues ? OtherReceiveQueue(index)
            : new IxgbeReceiveQueue<PhysicalAddresses, NoOffloads>(_device, _bar, index, _options));
        _bar.Write32(RXDCTL[index], RXDCTL_.Enable);
        WaitFor($"receive queue {index}", RXDCTL[index], RXDCTL_.Enable, set: true);
        // All descriptors but one, so that full and empty differ.
        _bar.Write32(RDT[index], (uint)_options.RingSize - 1);
    }

    // 4.6.8 Transmit initialization
    private void SetUpTransmit()
    {
        // The arbiter was stopped when the leftovers were cleared, and stays so while these change (4.6.8). One frame,
        // which may have a tag, must fit into the buffer besides the threshold (8.2.3.9.16).
        Write(TXPBTHRESH, TXPBSIZE.Reset / 1024 - (uint)(_options.MaxFrameSize + TagLength + 1023) / 1024);
        Write(DTXMXSZRQ, DTXMXSZRQ_.Most);
        Change(RTTDCS, RTTDCS_.ArbiterDisable, set: false);
        for (int i = 0; i < _options.TransmitQueues; i++)
        {
            _transmitQueues.Add(NeedsOtherQueues ? OtherTransmitQueue(i)
                : new IxgbeTransmitQueue<PhysicalAddresses>(_device, _bar, i, _options));
        }
        // Not earlier: it enables queue 0, whose ring must not change after that.
        Change(DMATXCTL, DMATXCTL_.Enable, set: true);
        for (int i = 0; i < _transmitQueues.Count; i++) Switch($"transmit queue {i}", TXDCTL[i], TXDCTL_.Enable);
    }

    // 4.6.7, last steps: the receive path is opened while it is halted.
    private void OpenReceivePath()
    {
        HaltReceive();
        Change(RXCTRL, RXCTRL_.Enable, set: true);
        Change(SECRXCTRL, SECRXCTRL_.ReceiveDisable, set: false);
    }

    private void HaltReceive()
    {
        Change(SECRXCTRL, SECRXCTRL_.ReceiveDisable, set: true);
        WaitFor("the halt of the receive path", SECRXSTAT, SECRXSTAT_.Ready, set: true);
    }

    // 4.6.7.1.2, 4.6.8.1 Disabling queues, 5.2.5.3.2 Master disable, and a reset: afterwards the card touches no
    // memory. Nothing here throws for lack of an answer: bus mastering is turned off whatever the card says. A transmit
    // queue that cannot drain, because the link is down, must not be disabled: that is left to the reset.
    private protected override void Quiesce()
    {
        _counterTimer?.Dispose();
        DisableInterrupts();
        Change(RXCTRL, RXCTRL_.Enable, set: false);
        for (int i = 0; i < _receiveQueues.Count; i++) Switch("", RXDCTL[i], RXDCTL_.Enable, on: false);
        _device.WaitUntil(() => _transmitQueues.All(queue => queue.IsDrained) || (Read(LINKS) & LINKS_.Up) == 0,
            TimeSpan.FromMilliseconds(100));
        for (int i = 0; i < _transmitQueues.Count; i++)
        {
            if (_transmitQueues[i].IsDrained) Switch("", TXDCTL[i], TXDCTL_.Enable, on: false);
        }
        Reset(CTRL_.RST);
        Change(CTRL_EXT, CTRL_EXT_.DriverLoaded, set: false);
    }

    // A queue has changed when its enable bit reads as it was written. One that does not go off is left to the reset.
    private void Switch(string what, uint control, uint enable, bool on = true)
    {
        Change(control, enable, on);
        if (!TryWaitFor(control, enable, on, 100) && on) throw DidNotCome(what, control, enable, on, 100);
    }
}
