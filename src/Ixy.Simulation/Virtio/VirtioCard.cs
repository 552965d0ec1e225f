using Ixy.Hosting;
using Ixy.Hosting.Pci;
using Ixy.Simulation.Cards;
using Ixy.Simulation.Recording;
using Ixy.Simulation.Virtio.Receive;
using Ixy.Simulation.Virtio.Registers;
using Ixy.Simulation.Virtio.Rings;
using Ixy.Simulation.Virtio.Transmit;
using Ixy.Simulation.Wires;
using Ixy.Virtio;

namespace Ixy.Simulation.Virtio;

/// <summary>
/// A model of a virtio network device on PCI, as described in version 1.2 of the specification, modern or with the
/// legacy interface. The parts are wired together here.
/// </summary>
internal sealed unsafe class VirtioCard : CardModel
{
    // The link has a coarser clock than packets.
    private const long SlowTurn = 500;

    private readonly DeviceVirtqueue[] _queues;
    private readonly SharedPages? _structures;
    private long _slowTurnAt;

    internal VirtioCard(VirtioCardOptions options, Wire wire) : base(wire, Behaviour.Of(options.PerverseSeed))
    {
        Options = options;
        Control = new DeviceState(this);
        Pci = new VirtioPciFunction(this);
        Interrupts = new VirtioInterrupts(this, Pci.Interrupts, Pci.Vectors);
        Common = new CommonConfiguration(this);
        Legacy = new LegacyRegisters(this);
        Net = new NetConfiguration(this);
        if (!options.IsLegacy)
            _structures = new SharedPages(VirtioPciFunction.StructuresLength, VirtioPciFunction.NotifyOffset);
        bool hasControlQueue = (Control.Offered & VirtioFeatures.ControlQueue) != 0;
        _queues = new DeviceVirtqueue[options.LastQueue + (hasControlQueue ? 1 : 0)];
        for (int index = 0; index < _queues.Length; index++) _queues[index] = new(this, index, Doorbell(index));
        Filter = new DeviceReceiveFilter(this);
        Receive = new DeviceReceivePath(this);
        Transmit = new DeviceTransmitPath(this);
        Commands = new ControlQueue(this);
        Pci.Interrupts.Loses = () => Faults.Strikes(CardFault.LostInterrupt);
    }

    internal VirtioCardOptions Options { get; }

    internal DeviceState Control { get; }

    internal VirtioPciFunction Pci { get; }

    internal VirtioInterrupts Interrupts { get; }

    internal CommonConfiguration Common { get; }

    internal LegacyRegisters Legacy { get; }

    internal NetConfiguration Net { get; }

    internal DeviceReceiveFilter Filter { get; }

    internal DeviceReceivePath Receive { get; }

    internal DeviceTransmitPath Transmit { get; }

    internal ControlQueue Commands { get; }

    internal IReadOnlyList<DeviceVirtqueue> Queues => _queues;

    /// <summary>Which queue receives a flow.</summary>
    internal FlowSteering Steering { get; } = new();

    /// <summary>Queue pairs in use (5.1.6.5.6): 1 until the driver asks for more.</summary>
    internal int Pairs { get; private set; } = 1;

    internal override Action<string>? Trace { get; set; }

    internal override NamedRegister NameOf(int bar, uint offset) => Pci.NameOf(bar, offset);

    internal override string Kind => Options.IsLegacy ? "virtio-legacy" : "virtio";

    public override int ConfigLength => Pci.Config.Length;

    public override PciInterrupts HostInterrupts => Pci.Interrupts;

    internal override bool LinkIsUp => Net.IsLinkUp;

    internal override bool IsReceiving => Control.IsRunning;

    internal override bool HoldsFrames => Receive.HasWaiting;

    public override uint BarLength(int bar) => Pci.BarLength(bar);

    public override void SeeDoorbells()
    {
        foreach (var queue in _queues) queue.LookAtDoorbell();
    }

    protected override uint ReadConfiguration(int offset, int size) => Pci.ReadConfig(offset, size);

    protected override void WriteConfiguration(int offset, uint value, int size) =>
        Pci.Config.Write(offset, value, size);

    protected override uint ReadRegister(int bar, uint offset, int size) => Pci.ReadBar(bar, offset, size);

    protected override void WriteRegister(int bar, uint offset, uint value, int size) =>
        Pci.WriteBar(bar, offset, value, size);

    public override void* TryGetShared(int bar, uint offset) =>
        _structures is not null && !TrapsDoorbells
        && VirtioPciFunction.NotifyAddress(bar, offset) is { } place ? Doorbells + place : null;

    public override SharedPages? SharedPages(int bar) =>
        bar == VirtioPciFunction.StructureBar && !TrapsDoorbells ? _structures : null;

    public override bool IsPlainMemory(int bar, uint page) => true;

    protected override bool TakeTurn(long now)
    {
        if (now >= _slowTurnAt)
        {
            _slowTurnAt = now + SlowTurn;
            Control.EndReset();
            Net.Poll();
            // Doorbells rung before the device runs are checked as well.
            SeeDoorbells();
        }
        Interrupts.Poll(now);
        if (!Control.IsRunning || Pci.IsSleeping || Pci.IsStopped) return false;
        if (!Behaviour.IsPlain) ShowWithheld();
        return Commands.Poll(now) | Transmit.Poll(now) | Receive.Poll(now);
    }

    // What queues have used in earlier turns, and withheld.
    private void ShowWithheld()
    {
        foreach (var queue in _queues) queue.ShowWithheld();
    }

    /// <summary>A rule was broken.</summary>
    internal void Report(VirtioRule rule, string place, ulong value) =>
        Violations.Add(
            rule.Name, place, value, rule.Section, Options.IsLegacy ? rule.LegacyExplanation : rule.Explanation);

    /// <summary>The driver is ready: with the negotiated features, everything starts.</summary>
    internal void Start()
    {
        SetPairs(1);
        Filter.Start();
        Receive.Start();
        Transmit.Start();
        Commands.Start();
    }

    /// <summary>Sets how many queue pairs the driver uses.</summary>
    internal void SetPairs(int pairs)
    {
        Pairs = pairs;
        Receive.DropBeyond(pairs);
    }

    /// <summary>
    /// The driver wrote 0 to the status (2.4): everything except PCI configuration is as after power-on.
    /// </summary>
    internal void ResetDevice()
    {
        Faults.EndByReset();
        Control.Reset();
        Pci.DeviceReset();
        foreach (var queue in _queues) queue.Reset();
        Interrupts.Reset();
        Net.Reset();
        Filter.Reset();
        Steering.Clear();
        Common.Reset();
        Legacy.Reset();
        SetPairs(1);
        Receive.Reset();
    }

    internal override void FaultHasBegun(CardFault fault)
    {
        base.FaultHasBegun(fault);
        if (fault == CardFault.NeedsReset) Control.NeedReset();
        else if (fault == CardFault.Reset) ResetDevice();
    }

    public override void PciReset()
    {
        Pci.Reset();
        ResetDevice();
    }

    public override void Dispose()
    {
        Receive.Dispose();
        _structures?.Dispose();
        base.Dispose();
    }

    // On a page of its own, which software may use as plain memory.
    private byte* Doorbells => _structures is null ? null : _structures.Memory + VirtioPciFunction.NotifyOffset;

    private ushort* Doorbell(int queue) =>
        _structures is null ? null : (ushort*)(Doorbells + queue * VirtioPciFunction.NotifyMultiplier);
}
