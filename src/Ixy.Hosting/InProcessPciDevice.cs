using Ixy.Vfio;

namespace Ixy.Hosting;

/// <summary>
/// The in-process transport: a model as a <see cref="PciDevice"/>. Register accesses are calls into the model between
/// two of its turns; doorbells are plain stores to memory that the model polls. Interrupts signal event descriptors,
/// like those of a real device.
/// </summary>
public unsafe partial class InProcessPciDevice : PciDevice
{
    private readonly Bar?[] _bars = new Bar?[6];
    private readonly TurnScheduler _turns;

    /// <summary>Starts the model's turns and makes it available to a driver.</summary>
    /// <param name="name">The function's name, for messages.</param>
    /// <param name="model">The model; owned from now on.</param>
    /// <param name="turns">The scheduler that gives the model its turns; real time if null.</param>
    public InProcessPciDevice(string name, PciFunctionModel model, TurnScheduler? turns = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        (Name, Model, _turns) = (name, model, turns ?? TurnScheduler.RealTime);
        _events = new(model) { Fired = _turns.OnInterrupt };
        _turns.Add(model);
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <summary>Datasheet rules that the driver has broken so far.</summary>
    public RuleViolations Violations => Model.Violations;

    /// <summary>What the driver did that breaks no rule but is worth knowing.</summary>
    public DeviceNotes Notes => Model.Notes;

    /// <summary>The model. While a driver uses it, access it only in <see cref="BetweenTurns"/>.</summary>
    public PciFunctionModel Model { get; }

    /// <inheritdoc/>
    public override TimeProvider Clock => _turns.Clock;

    /// <inheritdoc/>
    public override bool IsGone => Model.Notices.Any || base.IsGone;

    /// <inheritdoc/>
    /// <exception cref="DeviceRequestedException">The host wants the device back.</exception>
    public override void ThrowIfGone()
    {
        Model.Notices.ThrowIfAny(Name);
        base.ThrowIfGone();
    }

    /// <inheritdoc/>
    public override uint ReadConfig(int offset, int size)
    {
        _turns.Enter();
        try
        {
            Model.SetClock(_turns.Now);
            return Model.ReadConfig(offset, size);
        }
        finally
        {
            _turns.Leave();
        }
    }

    /// <inheritdoc/>
    public override void WriteConfig(int offset, uint value, int size) => _turns.BetweenTurns(() =>
    {
        Model.SetClock(_turns.Now);
        Model.WriteConfig(offset, value, size);
    });

    /// <inheritdoc/>
    public override PciBar OpenBar(int index)
    {
        if ((uint)index > 5 || Model.BarLength(index) == 0)
            throw new PciDeviceException($"{Name} has no BAR {index}");
        return _bars[index] ??= new Bar(Model, _turns, index);
    }

    /// <inheritdoc/>
    public override void Reset() => _turns.BetweenTurns(() =>
    {
        // The kernel's transports restore the configuration header after a reset; only the command register matters
        // here.
        uint command = Model.ReadConfig(PciConfig.Command, 2);
        Model.Observer?.FunctionReset();
        Model.PciReset();
        Model.WriteConfig(PciConfig.Command, command, 2);
        _events.Restore();
    });

    /// <summary>
    /// Runs something while all models of this process that run in real time stand still. Many register accesses in a
    /// row disturb them less when made together than when each waits for a turn to end. For any thread, but it must not
    /// wait for one that may be waiting for a model, for example through a lock that is held during register accesses.
    /// </summary>
    public static void BetweenTurns(Action action) => TurnScheduler.RealTime.BetweenTurns(action);

    /// <inheritdoc/>
    public override T Exclusively<T>(Func<T> accesses)
    {
        _turns.Enter();
        try
        {
            return accesses();
        }
        finally
        {
            _turns.Leave();
        }
    }

    /// <inheritdoc/>
    protected override void MapDma(DmaChunk chunk) =>
        _turns.BetweenTurns(() => Model.Dma.Map(chunk.Address, chunk.Length, (nint)chunk.Address));

    /// <inheritdoc/>
    protected override void UnmapDma(DmaChunk chunk) =>
        _turns.BetweenTurns(() => Model.Dma.Unmap(chunk.Address, chunk.Length));

    /// <inheritdoc/>
    public override bool TryPass(TimeSpan longest) => _turns.TryPass(longest);

    /// <inheritdoc/>
    protected override void Close()
    {
        _turns.Remove(Model);
        _events.Dispose();
        Model.Dispose();
    }

    private sealed class Bar(PciFunctionModel model, TurnScheduler turns, int index) : PciBar
    {
        public override uint Length { get; } = model.BarLength(index);

        protected override uint Load(uint offset, int size)
        {
            turns.Enter();
            try
            {
                model.SetClock(turns.Now);
                return model.ReadBar(index, offset, size);
            }
            finally
            {
                turns.Leave();
            }
        }

        protected override void Store(uint offset, uint value, int size)
        {
            turns.Enter();
            try
            {
                model.SetClock(turns.Now);
                model.WriteBar(index, offset, value, size);
            }
            finally
            {
                turns.Leave();
            }
        }

        protected override void* PointerTo(uint offset) => model.TryGetShared(index, offset);
    }
}
