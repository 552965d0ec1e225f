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
        Interrupts = new InterruptController(this);
        Link = new LinkState(this);
        Receive = new ReceivePath(this);
        Transmit = new TransmitPath(this);
        _ = new StatisticsRegisters(this);
    }

    internal IxgbeCardOptions Options { get; }

    internal RegisterFile Registers { get; }

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

    internal override uint BarLength(int bar) => bar == 0 ? RegisterBarLength : 0;

    internal override uint ReadConfig(int offset, int size) => 0;

    internal override void WriteConfig(int offset, uint value, int size)
    {
    }

    internal override uint ReadBar(int bar, uint offset) => Registers.Read(offset);

    internal override void WriteBar(int bar, uint offset, uint value) => Registers.Write(offset, value);

    internal override uint* TryGetShared(int bar, uint offset) => bar == 0 ? Registers.TryGetShared(offset) : null;

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
        Registers.Reset();
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
