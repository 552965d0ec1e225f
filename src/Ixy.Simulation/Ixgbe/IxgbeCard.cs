using Ixy.Simulation.Wires;

namespace Ixy.Simulation.Ixgbe;

/// <summary>
/// A model of Intel's 82599 (and, by its PCI ids, X540 and X550): the card, as the datasheet describes it, not any
/// driver's idea of it. The parts are wired together here; each attaches its behaviour to the register file.
/// </summary>
internal sealed unsafe class IxgbeCard : CardModel
{
    internal const uint RegisterBarLength = 0x20000;

    // Timers have coarser clocks than packets.
    private const long SlowTurn = 500;
    private long _slowTurnAt;

    internal IxgbeCard(IxgbeCardOptions options, Wire wire) : base(wire)
    {
        Options = options;
        Registers = new RegisterFile(RegisterBarLength, CardRegisters.All, 0x1000, 0x6000, 0x7000, 0xD000);
        Pci = new IxgbePciFunction(this);
        Interrupts = new InterruptController(this);
        Link = new LinkState(this);
        Receive = new ReceivePath(this);
        Transmit = new TransmitPath(this);
        StatisticsRegisters.Attach(Registers, Statistics, Violations);
    }

    internal IxgbeCardOptions Options { get; }

    internal RegisterFile Registers { get; }

    internal IxgbePciFunction Pci { get; }

    internal CardStatistics Statistics { get; } = new();

    internal InterruptController Interrupts { get; }

    internal LinkState Link { get; }

    internal ReceivePath Receive { get; }

    internal TransmitPath Transmit { get; }

    internal override Action<string>? Trace
    {
        get => Registers.Trace;
        set => Registers.Trace = value;
    }

    internal override uint BarLength(int bar) => Pci.BarLength(bar);

    internal override uint ReadConfig(int offset, int size) => Pci.Config.Read(offset, size);

    internal override void WriteConfig(int offset, uint value, int size) => Pci.Config.Write(offset, value, size);

    internal override uint ReadBar(int bar, uint offset) => Pci.ReadBar(bar, offset);

    internal override void WriteBar(int bar, uint offset, uint value) => Pci.WriteBar(bar, offset, value);

    internal override uint* TryGetShared(int bar, uint offset) =>
        bar == 0 && offset < RegisterBarLength ? Registers.TryGetShared(offset) : null;

    internal override bool Poll(long now)
    {
        Now = now;
        if (now >= _slowTurnAt)
        {
            _slowTurnAt = now + SlowTurn;
            Link.Poll(now);
            Interrupts.Poll(now);
        }
        return Transmit.Poll(now) | Receive.Poll(now);
    }

    internal override void PciReset()
    {
        Pci.Reset();
        Registers.Reset();
        Statistics.Clear();
        Link.Reset();
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
