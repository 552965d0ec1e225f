using Ixy.Vfio;

namespace Ixy.Simulation;

/// <summary>
/// The in-process transport: a card model as a <see cref="PciDevice"/>. Register accesses are calls into the model
/// between two turns of the device thread; doorbells are plain stores into memory that the model polls. Interrupts
/// reach event descriptors, as those of a real card do.
/// </summary>
public sealed unsafe partial class SimulatedPciDevice : PciDevice
{
    private readonly Bar?[] _bars = new Bar?[6];
    private readonly IDisposable? _trace;

    /// <param name="specifier">What it was opened with.</param>
    /// <param name="card">The card; owned from now on.</param>
    /// <param name="trace">Where the card's register accesses go: closed after the card.</param>
    internal SimulatedPciDevice(string specifier, CardModel card, IDisposable? trace = null)
    {
        (Name, Card, _trace) = (CardNames.Take(specifier), card, trace);
        _events = new(card);
        DeviceThread.Add(card);
    }

    /// <summary>The specifier; with <c>#2</c> and so on behind it if another card that is open has that name.</summary>
    public override string Name { get; }

    /// <summary>Rules of the datasheet that the driver broke so far.</summary>
    public RuleViolations Violations => Card.Violations;

    /// <summary>What the driver did that breaks no rule, but is worth knowing: accesses to registers that do not exist.</summary>
    public CardNotes Notes => Card.Notes;

    /// <summary>What passed the wire of the card's port.</summary>
    public Wires.WireStatistics WireStatistics => Card.Wire.Statistics;

    /// <summary>What the card's port is plugged into. It belongs to the card.</summary>
    public Wires.Wire Wire => Card.Wire;

    internal CardModel Card { get; }

    /// <inheritdoc/>
    public override uint ReadConfig(int offset, int size)
    {
        DeviceThread.Enter();
        try
        {
            return Card.ReadConfig(offset, size);
        }
        finally
        {
            DeviceThread.Leave();
        }
    }

    /// <inheritdoc/>
    public override void WriteConfig(int offset, uint value, int size) =>
        BetweenTurns(() => Card.WriteConfig(offset, value, size));

    /// <inheritdoc/>
    public override PciBar OpenBar(int index)
    {
        if ((uint)index > 5 || Card.BarLength(index) == 0)
            throw new PciDeviceException($"{Name} has no BAR {index}");
        return _bars[index] ??= new Bar(Card, index);
    }

    /// <inheritdoc/>
    public override void Reset() => BetweenTurns(() =>
    {
        // The kernel's transports put the configuration header back after a reset; what counts of it here is the command register.
        uint command = Card.ReadConfig(PciConfig.Command, 2);
        Card.PciReset();
        Card.WriteConfig(PciConfig.Command, command, 2);
        _events.Restore();
    });

    /// <summary>
    /// Runs something while all simulated cards of this process stand still. Many register accesses in a row disturb
    /// the cards less when they are made together than when each waits for a turn to end. For any thread.
    /// </summary>
    public static void BetweenTurns(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        DeviceThread.Enter();
        try
        {
            action();
        }
        finally
        {
            DeviceThread.Leave();
        }
    }

    /// <inheritdoc/>
    protected internal override void MapDma(DmaChunk chunk) =>
        BetweenTurns(() => Card.Dma.Map(chunk.Address, chunk.Length, (nint)chunk.Address));

    /// <inheritdoc/>
    protected internal override void UnmapDma(DmaChunk chunk) => BetweenTurns(() => Card.Dma.Unmap(chunk.Address, chunk.Length));

    /// <inheritdoc/>
    protected override void Close()
    {
        DeviceThread.Remove(Card);
        _events.Dispose();
        Card.Dispose();
        _trace?.Dispose();
        CardNames.Release(Name);
    }

    private sealed class Bar(CardModel card, int index) : PciBar
    {
        public override uint Length { get; } = card.BarLength(index);

        protected override uint Load(uint offset, int size)
        {
            DeviceThread.Enter();
            try
            {
                card.SetClock(DeviceThread.Now);
                return card.ReadBar(index, offset, size);
            }
            finally
            {
                DeviceThread.Leave();
            }
        }

        protected override void Store(uint offset, uint value, int size)
        {
            DeviceThread.Enter();
            try
            {
                card.SetClock(DeviceThread.Now);
                card.WriteBar(index, offset, value, size);
            }
            finally
            {
                DeviceThread.Leave();
            }
        }

        protected override void* PointerTo(uint offset) => card.TryGetShared(index, offset);
    }
}
