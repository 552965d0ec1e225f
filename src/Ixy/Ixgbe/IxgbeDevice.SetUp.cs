using static Ixy.Ixgbe.IxgbeRegisters;

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
        Change(CTRL_EXT, CTRL_EXT_.DriverLoaded, set: true);
        ClearLeftovers();
        if (IxgbeModels.Find(_device.DeviceId) == IxgbePort.Sfi) StartSfpLink();
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
        for (int i = 0; i < EIMC_EX.Count; i++) _bar.Write32(EIMC_EX[i], uint.MaxValue);
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
        Change(RXCTRL, RXCTRL_.Enable, set: false);
        // The whole packet buffer for traffic class 0 (4.6.11.3.4): without DCB there is no other.
        uint buffer = IxgbeModels.ReceiveBuffer(_device.DeviceId);
        Write(RXPBSIZE, buffer);
        for (int i = 1; i < RXPBSIZE.Count; i++) _bar.Write32(RXPBSIZE[i], 0);
        // The FCS is stripped in both places or in neither (8.2.3.22.8).
        Change(HLREG0, HLREG0_.RxCrcStrip | HLREG0_.JumboEnable, set: true);
        // The other three do not have the reset's values, and software must change them (8.2.3.8.8).
        const uint ToBeSet = RDRXCTL_.CrcStrip | RDRXCTL_.RscAckChange | RDRXCTL_.FcoeWriteFix;
        Write(RDRXCTL, (Read(RDRXCTL) & ~RDRXCTL_.RscFirstSize) | ToBeSet);
        // A threshold is set although no pause frame is ever sent (4.6.3.2).
        Write(FCRTH, buffer - FCRTH_.ThresholdDistance);
        // MAXFRS includes the FCS but no VLAN tag, and applies only with JUMBOEN (8.2.3.22.13).
        Write(MAXFRS, (uint)(_options.MaxFrameSize + FcsLength) << MAXFRS_.SizeShift);
        // 7.1.1: no address except the port's own, which is in the first pool (8.2.3.7.10); and broadcast.
        for (int i = 1; i < RAH.Count; i++) _bar.Write32(RAH[i], 0);
        Write(MPSAR, 1);
        Write(FCTRL, ReceiveModes(_options.Promiscuous, allMulticast: false));
        for (int i = 0; i < _options.ReceiveQueues; i++) AddReceiveQueue(i);
    }

    // Only MPE accepts multicast frames, so promiscuous mode needs it as well (7.1.1).
    private static uint ReceiveModes(bool promiscuous, bool allMulticast) =>
        FCTRL_.BroadcastAccept | (promiscuous ? FCTRL_.UnicastPromiscuous : 0)
        | (promiscuous || allMulticast ? FCTRL_.MulticastPromiscuous : 0);

    private void AddReceiveQueue(int index)
    {
        _receiveQueues.Add(_options.IsPlain && _old is null ? NewReceiveQueue<NoOffloads>(index) : OtherQueue(index));
        _bar.Write32(RXDCTL[index], RXDCTL_.Enable);
        WaitFor($"receive queue {index}", RXDCTL[index], RXDCTL_.Enable, set: true);
        // All descriptors but one, so that full and empty differ.
        _bar.Write32(RDT[index], (uint)_options.RingSize - 1);
    }

    // Each kind has its own compiled loop, so the common ones pay nothing for the others.
    private ReceiveQueue NewReceiveQueue<TOffloads>(int index) where TOffloads : struct, IReceiveOffloads =>
        _device.DeviceAddressIsVirtual
        ? NewVirtualReceiveQueue<TOffloads>(index)
        : new IxgbeReceiveQueue<PhysicalAddresses, TOffloads>(_device, _bar, index, _options);

    // 4.6.8 Transmit initialization
    private void SetUpTransmit()
    {
        Change(HLREG0, HLREG0_.TxCrcEnable | HLREG0_.TxPadEnable, set: true);
        // The arbiter was stopped when the leftovers were cleared, and stays so while its buffers change (4.6.8).
        Write(TXPBSIZE, TXPBSIZE_.All);
        for (int i = 1; i < TXPBSIZE.Count; i++) _bar.Write32(TXPBSIZE[i], 0);
        // One frame, which may have a tag, must fit besides the threshold (8.2.3.9.16).
        Write(TXPBTHRESH, TXPBSIZE_.All / 1024 - (uint)(_options.MaxFrameSize + FrameLengths.Tag + 1023) / 1024);
        for (int i = 1; i < TXPBTHRESH.Count; i++) _bar.Write32(TXPBTHRESH[i], 0);
        Write(DTXMXSZRQ, DTXMXSZRQ_.Most);
        Change(RTTDCS, RTTDCS_.ArbiterDisable, set: false);
        for (int i = 0; i < _options.TransmitQueues; i++) _transmitQueues.Add(_old?.Transmit(i) ?? NewTransmitQueue(i));
        // Not earlier: it enables queue 0, whose ring must not change after that.
        Change(DMATXCTL, DMATXCTL_.Enable, set: true);
        for (int i = 0; i < _transmitQueues.Count; i++)
        {
            Change(TXDCTL[i], TXDCTL_.Enable, set: true);
            WaitFor($"transmit queue {i}", TXDCTL[i], TXDCTL_.Enable, set: true);
        }
    }

    private TransmitQueue NewTransmitQueue(int index) => _device.DeviceAddressIsVirtual
        ? NewVirtualTransmitQueue(index)
        : new IxgbeTransmitQueue<PhysicalAddresses>(_device, _bar, index, _options);

    // 4.6.7, last steps: the receive path is opened while it is halted.
    private void OpenReceivePath()
    {
        HaltReceive();
        // 4.6.7 does this last; here it comes before RXEN, so that no frame is written with No Snoop.
        Change(CTRL_EXT, CTRL_EXT_.NoSnoopDisable, set: true);
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
    private protected override void Quiet()
    {
        _counterTimer?.Dispose();
        DisableInterrupts();
        Change(RXCTRL, RXCTRL_.Enable, set: false);
        for (int i = 0; i < _receiveQueues.Count; i++) Disable(RXDCTL[i], RXDCTL_.Enable);
        for (int i = 0; i < _transmitQueues.Count; i++)
        {
            if (IsEmptySoon(_transmitQueues[i])) Disable(TXDCTL[i], TXDCTL_.Enable);
        }
        Reset(CTRL_.RST);
        Change(CTRL_EXT, CTRL_EXT_.DriverLoaded, set: false);
    }

    private bool IsEmptySoon(TransmitQueue queue) => _device.WaitUntil(
        () => queue.IsDrained || (Read(LINKS) & LINKS_.Up) == 0, TimeSpan.FromMilliseconds(100)) && queue.IsDrained;

    private void Disable(uint register, uint enable)
    {
        Change(register, enable, set: false);
        _ = TryWaitFor(register, enable, set: false, milliseconds: 100);
    }
}
