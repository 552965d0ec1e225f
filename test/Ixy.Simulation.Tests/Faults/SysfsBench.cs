using Ixy.Hosting;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Faults;
using Ixy.Simulation.Wires;
using Ixy.Vfio;

namespace Ixy.Simulation.Tests.Faults;

/// <summary>The card is behind files, as sysfs has them, and gets physical addresses.</summary>
internal sealed class SysfsBench : TransportBench
{
    private const string Address = "0000:03:00.0";
    private readonly FakeSysfs _sysfs = new();
    private readonly CardModel _card;
    private readonly FuseCard _files;

    /// <param name="card">The card, as in a specifier.</param>
    internal SysfsBench(string card) : base(card, interrupts: false)
    {
        string directory = _sysfs.Add(Address);
        (_card, _files) = SimulatedCards.Open($"sim:{card},wire=loopback", waitsToSend: false, World.RealTime,
            (model, _) => (model, new FuseCard(model, directory)));
        Open();
    }

    internal override Wire Wire => _card.Wire;

    protected override RuleViolations Violations => _card.Violations;

    private FaultInjection Faults => new(_card, TurnScheduler.RealTime);

    internal override void Inject(string fault) => Faults.Inject(fault);

    internal override void Mend(CardFault fault) => Faults.End(fault);

    protected override PciDevice Connect() =>
        new SysfsPciDevice(new SysfsFunction(_sysfs.Root, Address), check: null) { Clock = Clock };

    protected override void Close()
    {
        _files.Dispose();
        if (Directory.Exists(_sysfs.Root)) _sysfs.Dispose();
    }
}
