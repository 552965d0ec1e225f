using Ixy.Vfio;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

// Initialisation and shutdown, in the order and with the section numbers of the datasheet.
public sealed partial class IxgbeDevice
{
    // 4.2.1.6.1: registers are not to be touched before a reset is over, which takes at least 1 ms, 10 ms for all
    // parts.
    private static readonly TimeSpan s_resetTime = TimeSpan.FromMilliseconds(10);

    // 4.6.3 Initialization sequence
    private void SetUp()
    {
        DisableInterrupts();
        ResetCard();
        // Not before: a queue that the driver before has left on would run.
        _device.EnableBusMaster();
        DisableInterrupts();
        WaitFor("the EEPROM auto-read", EEC, EEC_.AutoReadDone, set: true, milliseconds: 500);
        WaitFor("the end of DMA initialisation", RDRXCTL, RDRXCTL_.DmaInitDone, set: true, milliseconds: 500);
        Change(CTRL_EXT, CTRL_EXT_.DriverLoaded, set: true);
        ClearLeftovers();
        StartLink();
        ReadStatistics();
        _statistics = default;
        if (_options.Interrupts) SetUpInterrupts();
        SetUpReceive();
        SetUpTransmit();
        EnableTransmitQueues();
        EnableReceiveQueues();
    }

    // 4.6.3.1 Interrupts during initialization. Queues are polled, and none is enabled before a thread sleeps.
    private void DisableInterrupts()
    {
        Write(EIMC, EIMC_.All);
        for (int i = 0; i < EIMC_EX.Count; i++) _bar.Write32(EIMC_EX[i], uint.MaxValue);
        Read(EICR);
    }

    // 4.6.3.2 Global reset, after the DMA that may still run was stopped (5.2.5.3.2 Master disable).
    private void ResetCard()
    {
        Change(CTRL, CTRL_.MasterDisable, set: true);
        // A card that hangs is just what the reset is for: it goes on without an answer.
        _ = TryWaitFor(STATUS, STATUS_.MasterEnable, set: false, milliseconds: 100);
        StartReset(CTRL_.LRST | CTRL_.RST);
        WaitFor("the end of the reset", CTRL, CTRL_.LRST | CTRL_.RST, set: false, milliseconds: 100);
    }

    // A write is posted: without the read it may reach the card only when the time is over.
    private void StartReset(uint kinds)
    {
        Write(CTRL, kinds);
        Read(STATUS);
        _device.Wait(s_resetTime);
    }

    // 4.6.4 Initializing the PHY and link. Link-up takes up to seconds; see WaitForLink.
    private void StartLink()
    {
        switch (IxgbeModels.Find(_device.DeviceId))
        {
            case IxgbePort.Sfi:
                if (IxgbeModels.HasSfpPins(_device.DeviceId)) SwitchModuleOn();
                uint autoc = Read(AUTOC) & ~AUTOC_.LinkModeMask;
                Write(AUTOC, autoc | AUTOC_.LinkMode10GSerial | AUTOC_.Restart);
                break;
            case IxgbePort.Backplane:
                Change(AUTOC, AUTOC_.Restart, set: true);
                break;
            case IxgbePort.Copper:
                // The PHY's firmware has negotiated since power-on, unless a driver has told it not to.
                bool isX550 = IxgbeModels.IsX550(_device.DeviceId);
                if (IxgbeModels.HasOwnPhy(_device.DeviceId)) new IxgbePhy(_device, _bar, isX550).Start();
                break;
        }
    }

    // 8.2.3.1.4 Pins keep what the driver before has made of them through every reset but power-on. Linux switches the laser
    // off by SDP3 (TX_DISABLE) when an interface goes down, and chooses a module's rate by SDP5 (RS0, RS1); a pin that is an
    // input drives nothing, and a module without a signal at TX_DISABLE is dark (SFF-8431).
    private void SwitchModuleOn()
    {
        const uint Outputs = (ESDP_.TxDisable | ESDP_.RateSelect) << ESDP_.DirectionShift;
        Write(ESDP, Read(ESDP) & ~ESDP_.TxDisable | ESDP_.RateSelect | Outputs);
    }

    // 4.6.7 Receive initialization
    private void SetUpReceive()
    {
        Change(RXCTRL, RXCTRL_.Enable, set: false);
        // The whole packet buffer for traffic class 0 (4.6.11.3.4): without DCB there is no other.
        uint buffer = IxgbeModels.ReceiveBuffer(_device.DeviceId);
        Write(RXPBSIZE, buffer);
        for (int i = 1; i < RXPBSIZE.Count; i++) _bar.Write32(RXPBSIZE[i], 0);
        // The FCS is stripped in both places or in neither (8.2.3.22.8).
        Change(HLREG0, HLREG0_.RxCrcStrip, set: true);
        // The other three are not as they come out of a reset, and software is to change them (8.2.3.8.8).
        const uint ToBeSet = RDRXCTL_.CrcStrip | RDRXCTL_.RscAckChange | RDRXCTL_.FcoeWriteFix;
        Write(RDRXCTL, (Read(RDRXCTL) & ~RDRXCTL_.RscFirstSize) | ToBeSet);
        // A threshold is set though no pause frame is ever sent (4.6.3.2).
        Write(FCRTH, buffer - FCRTH_.ThresholdDistance);
        SetUpFilters();
        for (int i = 0; i < _options.ReceiveQueues; i++)
        {
            _receiveQueues.Add(NewReceiveQueue(i));
            if (_options.Interrupts) ConnectQueue(i);
        }
        if (_options.ReceiveQueues > 1 || _options.Rss is not null) SetUpRss(_options.Rss ?? new());
    }

    // 7.1.1 Packet filtering: broadcast, the port's own address, lengths.
    private void SetUpFilters()
    {
        for (int i = 1; i < RAH.Count; i++) _bar.Write32(RAH[i], 0);
        ChooseFirstPool(0);
        Change(FCTRL, FCTRL_.BroadcastAccept, set: true);
        SetReceiveModes(_options.Promiscuous, allMulticast: false);
        // MAXFRS counts the FCS but no VLAN tag, and is looked at only with JUMBOEN; without it 1,518 bytes are the limit (8.2.3.22.13).
        Write(MAXFRS, (uint)(_options.MaxFrameSize + FcsLength) << MAXFRS_.SizeShift);
        Change(HLREG0, HLREG0_.JumboEnable, set: true);
    }

    // Each kind has a loop of its own, and the common ones no trace of the others.
    private ReceiveQueue NewReceiveQueue(int index)
    {
        if ((_options.Offloads & (Offloads.ReceiveChecksum | Offloads.VlanStrip)) != 0) return NewReportingQueue(index);
        return _device.DeviceAddressIsVirtual
            ? new IxgbeReceiveQueue<VirtualAddresses, NoOffloads>(_device, _bar, index, _options)
            : new IxgbeReceiveQueue<PhysicalAddresses, NoOffloads>(_device, _bar, index, _options);
    }

    private TransmitQueue NewTransmitQueue(int index) => _device.DeviceAddressIsVirtual
        ? new IxgbeTransmitQueue<VirtualAddresses>(_device, _bar, index, _options)
        : new IxgbeTransmitQueue<PhysicalAddresses>(_device, _bar, index, _options);

    // 4.6.8 Transmit initialization
    private void SetUpTransmit()
    {
        Change(HLREG0, HLREG0_.TxCrcEnable | HLREG0_.TxPadEnable, set: true);
        // The arbiter stands still while its buffers change (4.6.8, 8.2.3.10.2).
        Change(RTTDCS, RTTDCS_.ArbiterDisable, set: true);
        Write(TXPBSIZE, TXPBSIZE_.All);
        for (int i = 1; i < TXPBSIZE.Count; i++) _bar.Write32(TXPBSIZE[i], 0);
        // One frame, which may have a tag, has to fit beside the threshold (8.2.3.9.16).
        Write(TXPBTHRESH, TXPBSIZE_.All / 1024 - (uint)(_options.MaxFrameSize + FrameLengths.Tag + 1023) / 1024);
        for (int i = 1; i < TXPBTHRESH.Count; i++) _bar.Write32(TXPBTHRESH[i], 0);
        Write(DTXMXSZRQ, DTXMXSZRQ_.Most);
        ClearArbiters();
        Change(RTTDCS, RTTDCS_.ArbiterDisable, set: false);
        for (int i = 0; i < _options.TransmitQueues; i++) _transmitQueues.Add(NewTransmitQueue(i));
        Change(DMATXCTL, DMATXCTL_.Enable, set: true);
    }

    // 7.2.3.4 Transmit descriptor fetching and write-back. PTHRESH 32: fetch ahead while fewer than 32 descriptors are on the card,
    // half of what it has room for. HTHRESH 8: but at least 8 at a time, two cache lines, so that small fetches do not fill
    // the bus. WTHRESH 0: a descriptor with RS is written back at once; more is forbidden when not every one has RS.
    private void EnableTransmitQueues()
    {
        for (int i = 0; i < _transmitQueues.Count; i++)
        {
            uint register = TXDCTL[i];
            const uint Thresholds = 32u << TXDCTL_.PrefetchShift | 8u << TXDCTL_.HostShift | 0u << TXDCTL_.WriteBackShift;
            _bar.Write32(register, Thresholds | TXDCTL_.Enable);
            WaitFor($"transmit queue {i}", register, TXDCTL_.Enable, set: true, milliseconds: 100);
        }
    }

    // 4.6.7, last steps: enable each queue, give it its descriptors, and open the receive path while it is halted.
    private void EnableReceiveQueues()
    {
        // 7.4.3 VLAN stripping, of tags with the EtherType in VLNCTRL, which is 0x8100 after reset.
        uint stripsVlan = (_options.Offloads & Offloads.VlanStrip) != 0 ? RXDCTL_.VlanStrip : 0;
        for (int i = 0; i < _receiveQueues.Count; i++)
        {
            uint register = RXDCTL[i];
            _bar.Write32(register, (_bar.Read32(register) & ~RXDCTL_.VlanStrip) | RXDCTL_.Enable | stripsVlan);
            WaitFor($"receive queue {i}", register, RXDCTL_.Enable, set: true, milliseconds: 100);
            // All descriptors but one, so that full and empty differ.
            _bar.Write32(RDT[i], (uint)_options.RingSize - 1);
        }
        HaltReceive();
        // 4.6.7 does this last; here before RXEN, so that no frame is written with No Snoop.
        Change(CTRL_EXT, CTRL_EXT_.NoSnoopDisable, set: true);
        Change(RXCTRL, RXCTRL_.Enable, set: true);
        Change(SECRXCTRL, SECRXCTRL_.ReceiveDisable, set: false);
    }

    private void HaltReceive()
    {
        Change(SECRXCTRL, SECRXCTRL_.ReceiveDisable, set: true);
        try
        {
            WaitFor("the halt of the receive path", SECRXSTAT, SECRXSTAT_.Ready, set: true, milliseconds: 100);
        }
        catch (DeviceTimeoutException)
        {
            // It goes on as before: nothing else would ever open it again.
            Change(SECRXCTRL, SECRXCTRL_.ReceiveDisable, set: false);
            throw;
        }
    }

    // 8.2.3.7.1: filters change while RXCTRL.RXEN is off. The path is halted meanwhile, so that the MAC keeps what arrives.
    private void WriteFilterControl(uint value)
    {
        if (Read(FCTRL) == value) return;
        bool receives = (Read(RXCTRL) & RXCTRL_.Enable) != 0;
        if (receives) HaltReceive();
        Change(RXCTRL, RXCTRL_.Enable, set: false);
        Write(FCTRL, value);
        Change(RXCTRL, RXCTRL_.Enable, receives);
        Change(SECRXCTRL, SECRXCTRL_.ReceiveDisable, set: false);
    }

    // 4.6.7.1.2, 4.6.8.1 Disabling queues, 5.2.5.3.2 Master disable, and a reset: afterwards the card touches no memory.
    // Nothing here throws for lack of an answer: bus mastering goes off whatever the card says. A transmit queue that
    // cannot be emptied, because the link is down, must not be disabled: it is left to the reset.
    private protected override void Quiet()
    {
        DisableInterrupts();
        Change(RXCTRL, RXCTRL_.Enable, set: false);
        for (int i = 0; i < _receiveQueues.Count; i++) Disable(RXDCTL[i], RXDCTL_.Enable);
        for (int i = 0; i < _transmitQueues.Count; i++)
        {
            if (IsEmptySoon(_transmitQueues[i])) Disable(TXDCTL[i], TXDCTL_.Enable);
        }
        Change(CTRL, CTRL_.MasterDisable, set: true);
        _ = TryWaitFor(STATUS, STATUS_.MasterEnable, set: false, milliseconds: 100);
        StartReset(CTRL_.RST);
        Change(CTRL_EXT, CTRL_EXT_.DriverLoaded, set: false);
        _device.DisableBusMaster();
    }

    private bool IsEmptySoon(TransmitQueue queue) =>
        _device.WaitUntil(() => queue.IsDrained || !Link.IsUp, TimeSpan.FromMilliseconds(100)) && queue.IsDrained;

    private void Disable(uint register, uint enable)
    {
        Change(register, enable, set: false);
        _ = TryWaitFor(register, enable, set: false, milliseconds: 100);
    }
}
