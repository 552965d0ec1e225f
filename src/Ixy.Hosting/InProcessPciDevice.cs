using Ixy.Hosting.Turns;
using Ixy.Vfio;

namespace Ixy.Hosting;

/// <summary>
/// The in-process transport: a model as a <see cref="PciDevice"/>. Register accesses are calls into the model
/// between two turns of the device thread; doorbells are plain stores into memory that the model polls. Interrupts
/// reach event descriptors, as those of a real card do.
/// </summary>
public unsafe partial class InProcessPciDevice : PciDevice
{
    private readonly Bar?[] _bars = new Bar?[6];

    /// <summary>Gives a model its turns from now on, and lets a driver at it.</summary>
    /// <param name="name">The function's name, for messages.</param>
    /// <param name="model">The model; owned from now on.</param>
    public InProcessPciDevice(string name, PciFunctionModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        (Name, Model) = (name, model);
        _events = new(model);
        DeviceThread.Add(model);
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <summary>Rules of the datasheet that the driver broke so far.</summary>
    public RuleViolations Violations => Model.Violations;

    /// <summary>What the driver did that breaks no rule, but is worth knowing.</summary>
    public CardNotes Notes => Model.Notes;

    /// <summary>The model. Whoever uses it while a driver does, does so in <see cref="BetweenTurns"/>.</summary>
    public PciFunctionModel Model { get; }

    /// <inheritdoc/>
    public override uint ReadConfig(int offset, int size)
    {
        DeviceThread.Enter();
        try
        {
            Model.SetClock(DeviceThread.Now);
            return Model.ReadConfig(offset, size);
        }
        finally
        {
            DeviceThread.Leave();
        }
    }

    /// <inheritdoc/>
    public override void WriteConfig(int offset, uint value, int size) => BetweenTurns(() =>
    {
        Model.SetClock(DeviceThread.Now);
        Model.WriteConfig(offset, value, size);
    });

    /// <inheritdoc/>
    public override PciBar OpenBar(int index)
    {
        if ((uint)index > 5 || Model.BarLength(index) == 0)
            throw new PciDeviceException($"{Name} has no BAR {index}");
        return _bars[index] ??= new Bar(Model, index);
    }

    /// <inheritdoc/>
    public override void Reset() => BetweenTurns(() =>
    {
        // The kernel's transports put the configuration header back after a reset; what counts of it here is the command register.
        uint command = Model.ReadConfig(PciConfig.Command, 2);
        Model.PciReset();
        Model.WriteConfig(PciConfig.Command, command, 2);
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
        BetweenTurns(() => Model.Dma.Map(chunk.Address, chunk.Length, (nint)chunk.Address));

    /// <inheritdoc/>
    protected internal override void UnmapDma(DmaChunk chunk) => BetweenTurns(() => Model.Dma.Unmap(chunk.Address, chunk.Length));

    /// <inheritdoc/>
    protected override void Close()
    {
        DeviceThread.Remove(Model);
        _events.Dispose();
        Model.Dispose();
    }

    private sealed class Bar(PciFunctionModel model, int index) : PciBar
    {
        public override uint Length { get; } = model.BarLength(index);

        protected override uint Load(uint offset, int size)
        {
            DeviceThread.Enter();
            try
            {
                model.SetClock(DeviceThread.Now);
                return model.ReadBar(index, offset, size);
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
                model.SetClock(DeviceThread.Now);
                model.WriteBar(index, offset, value, size);
            }
            finally
            {
                DeviceThread.Leave();
            }
        }

        protected override void* PointerTo(uint offset) => model.TryGetShared(index, offset);
    }
}
