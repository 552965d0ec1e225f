using Ixy.Hosting;
using Ixy.Hosting.Pci;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Ixgbe.Clocks;
using Ixy.Simulation.Ixgbe.Interrupts;
using Ixy.Simulation.Ixgbe.Management;
using Ixy.Simulation.Ixgbe.Port;
using Ixy.Simulation.Ixgbe.Receive;
using Ixy.Simulation.Ixgbe.Registers;
using Ixy.Simulation.Ixgbe.Transmit;
using Ixy.Simulation.Recording;
using Ixy.Simulation.Wires;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Simulation.Ixgbe;

/// <summary>
/// A model of Intel's 82599 (and, by its PCI ids, X540 and X550): the card as the datasheet describes it, not as any
/// driver imagines it. The parts are wired together here; each attaches its behaviour to the register file.
/// </summary>
internal sealed unsafe class IxgbeCard : CardModel
{
    internal const uint RegisterBarLength = 0x20000;

    // Timers have coarser clocks than packets.
    private const long SlowTurn = 500;
    private readonly Mdio _mdio;
    private long _slowTurnAt;

    internal IxgbeCard(IxgbeCardOptions options, Wire wire) : base(wire, Behaviour.Of(options.PerverseSeed))
    {
        Options = options;
        Registers = new RegisterFile(
            RegisterBarLength, CardRegisters.Of(options), CardRegisters.Aliases, 0x1000, 0x6000, 0x7000, 0xD000);
        Registers.Missed = offset => Notes.Add($"0x{offset:x5}", CardRegisters.WhatIsMissing(offset));
        Pci = new IxgbePciFunction(this);
        Interrupts = new InterruptController(this);
        Control = new DeviceControl(this);
        Eeprom = new Eeprom(this);
        Semaphores = new Semaphores(this);
        Security = new SecurityBlocks(this);
        Pins = new SdpPins(this);
        Phy = new CopperPhy(this);
        Link = new LinkState(this);
        _ = new I2cBus(this);
        _mdio = new Mdio(this);
        TimeSync = new TimeSync(this);
        _ = new HostInterface(this);
        Receive = new ReceivePath(this);
        Transmit = new TransmitPath(this) { TimeStamp = TimeSync.StampTransmit };
        AbsentFunctions.Watch(this);
        Pci.Interrupts.Loses = () => Faults.Strikes(CardFault.LostInterrupt);
        StatisticsRegisters.Attach(Registers, Statistics, Violations);
        ResetParts(linkToo: true);
    }

    internal IxgbeCardOptions Options { get; }

    internal RegisterFile Registers { get; }

    internal IxgbePciFunction Pci { get; }

    internal CardStatistics Statistics { get; } = new();

    internal InterruptController Interrupts { get; }

    internal DeviceControl Control { get; }

    internal Eeprom Eeprom { get; }

    internal Semaphores Semaphores { get; }

    internal SecurityBlocks Security { get; }

    internal SdpPins Pins { get; }

    internal CopperPhy Phy { get; }

    internal LinkState Link { get; }

    internal TimeSync TimeSync { get; }

    internal ReceivePath Receive { get; }

    internal TransmitPath Transmit { get; }

    internal override Action<string>? Trace
    {
        get => Registers.Trace;
        set => Registers.Trace = value;
    }

    internal override NamedRegister NameOf(int bar, uint offset) => Pci.NameOf(bar, offset);

    internal override string Kind => "ixgbe";

    public override int ConfigLength => Pci.Config.Length;

    public override PciInterrupts HostInterrupts => Pci.Interrupts;

    internal override bool LinkIsUp => Link.IsUp;

    internal override bool IsReceiving => Receive.IsEnabled;

    internal override bool HoldsFrames => Receive.BufferedBytes > 0;

    public override uint BarLength(int bar) => Pci.BarLength(bar);

    // The tails of receive queues are read when descriptors are fetched, and when a queue is enabled or disabled.
    public override void SeeDoorbells() => Transmit.SeeTails();

    protected override uint ReadConfiguration(int offset, int size) => Pci.Config.Read(offset, size);

    protected override void WriteConfiguration(int offset, uint value, int size) =>
        Pci.Config.Write(offset, value, size);

    protected override uint ReadRegister(int bar, uint offset, int size) => Pci.ReadBar(bar, offset, size);

    protected override void WriteRegister(int bar, uint offset, uint value, int size) =>
        Pci.WriteBar(bar, offset, value, size);

    public override void* TryGetShared(int bar, uint offset)
    {
        if (bar != 0 || offset >= RegisterBarLength || TrapsDoorbells) return null;
        var register = Registers.Find(offset, out _);
        return register == RDT || register == TDT ? Registers.TryGetShared(offset) : null;
    }

    public override SharedPages? SharedPages(int bar) =>
        bar == 0 && !TrapsDoorbells ? Registers.Shared : null;

    // The queues' pages never are: they contain counters that are cleared by reading, and ENABLE, which reads as the
    // state the card has reached.
    public override bool IsPlainMemory(int bar, uint page) => bar == 0 && !Registers.HasReadEffects(page);

    protected override bool TakeTurn(long now)
    {
        if (now >= _slowTurnAt)
        {
            _slowTurnAt = now + SlowTurn;
            Link.Poll(now);
            TimeSync.Poll();
            Interrupts.Poll(now);
        }
        // With master disable set, the card starts no bus requests, so no packet moves (5.2.5.3.2).
        if (Control.MasterDisabled) return false;
        return (!Security.TransmitHalted && Transmit.Poll(now)) | Receive.Poll(now);
    }

    /// <summary>
    /// CTRL.RST, or CTRL.LRST, which also resets the link (datasheet 4.2.1.6): PCI configuration is kept.
    /// </summary>
    /// <param name="survivors">Registers that no software reset changes.</param>
    /// <param name="linkToo">Also resets MAC, PCS and auto-negotiation.</param>
    internal void SoftwareReset(IReadOnlySet<Register> survivors, bool linkToo)
    {
        Registers.Reset(survivors);
        ResetParts(linkToo);
    }

    public override void PciReset()
    {
        Pci.Reset();
        Registers.Reset(Control.KeptByPciReset);
        Control.PciReset();
        Semaphores.PciReset();
        ResetParts(linkToo: true);
    }

    internal override void FaultHasBegun(CardFault fault)
    {
        base.FaultHasBegun(fault);
        if (fault == CardFault.EepromChecksum) Eeprom.SpoilChecksum();
        else if (fault == CardFault.MemoryError) Interrupts.RaiseCause(CardRegisters.EICR_.Ecc);
        else if (fault == CardFault.Reset) Control.ResetOnItsOwn();
    }

    internal override void FaultHasEnded(CardFault fault)
    {
        base.FaultHasEnded(fault);
        if (fault == CardFault.EepromChecksum) Eeprom.SpoilChecksum();
    }

    private void ResetParts(bool linkToo)
    {
        Faults.EndByReset();
        Statistics.Clear();
        Eeprom.Reset();
        Eeprom.Load();
        Security.Reset();
        _mdio.Reset();
        TimeSync.Reset();
        // The link before the interrupts: what happens to it during the reset does not interrupt.
        if (linkToo) Link.Reset();
        Interrupts.Reset();
        Receive.Reset();
        Transmit.Reset();
    }

    public override void Dispose()
    {
        Receive.Dispose();
        Transmit.Dispose();
        Registers.Dispose();
        base.Dispose();
    }
}
