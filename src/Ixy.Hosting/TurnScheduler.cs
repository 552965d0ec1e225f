using Ixy.Hosting.Turns;

namespace Ixy.Hosting;

/// <summary>
/// Gives models their turns, on a clock, and lets register accesses in between turns. The models of one scheduler see
/// the same time; those of different schedulers are independent.
/// </summary>
public abstract class TurnScheduler
{
    private protected TurnScheduler()
    {
    }

    /// <summary>The scheduler for real time: a thread of this process that polls all models.</summary>
    public static TurnScheduler RealTime { get; } = new RealTimeScheduler();

    /// <summary>The clock of its models.</summary>
    public abstract TimeProvider Clock { get; }

    /// <summary>The same, in nanoseconds.</summary>
    public abstract long Now { get; }

    /// <summary>Adds a model, which gets turns from now on.</summary>
    internal abstract void Add(PciFunctionModel model);

    /// <summary>Removes a model: it gets no more turns after this.</summary>
    internal abstract void Remove(PciFunctionModel model);

    /// <summary>Waits for the current turn to end and holds back the next one, until <see cref="Leave"/>.</summary>
    internal abstract void Enter();

    /// <summary>Lets the models continue.</summary>
    internal abstract void Leave();

    /// <summary>Same as <see cref="Vfio.PciDevice.TryPass"/>.</summary>
    internal abstract bool TryPass(TimeSpan longest);

    /// <summary>A model has interrupted. Called during its turn or a register access.</summary>
    internal virtual void OnInterrupt()
    {
        // In real time the kernel wakes sleepers.
    }

    /// <summary>Runs something between two turns. For any thread.</summary>
    public void BetweenTurns(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        Enter();
        try
        {
            action();
        }
        finally
        {
            Leave();
        }
    }

    private sealed class RealTimeScheduler : TurnScheduler
    {
        public override TimeProvider Clock => TimeProvider.System;

        public override long Now => DeviceThread.Now;

        internal override void Add(PciFunctionModel model) => DeviceThread.Add(model);

        internal override void Remove(PciFunctionModel model) => DeviceThread.Remove(model);

        internal override void Enter() => DeviceThread.Enter();

        internal override void Leave() => DeviceThread.Leave();

        internal override bool TryPass(TimeSpan longest) => false;
    }
}
