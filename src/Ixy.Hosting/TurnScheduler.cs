using Ixy.Hosting.Turns;

namespace Ixy.Hosting;

/// <summary>
/// Gives models their turns, on a clock, and lets register accesses in between two turns. The models of one scheduler
/// see the same time; those of different ones know nothing of each other.
/// </summary>
public abstract class TurnScheduler
{
    private protected TurnScheduler()
    {
    }

    /// <summary>The one of real time: a thread of this process that polls all models.</summary>
    public static TurnScheduler RealTime { get; } = new RealTimeScheduler();

    /// <summary>The clock of its models.</summary>
    public abstract TimeProvider Clock { get; }

    /// <summary>The same, in nanoseconds.</summary>
    public abstract long Now { get; }

    /// <summary>Gives a model its turns from now on.</summary>
    internal abstract void Add(PciFunctionModel model);

    /// <summary>Takes a model out: after this it has no turn any more.</summary>
    internal abstract void Remove(PciFunctionModel model);

    /// <summary>Waits for the turn to end and holds the next one back, until <see cref="Leave"/>.</summary>
    internal abstract void Enter();

    /// <summary>Lets the models go on.</summary>
    internal abstract void Leave();

    /// <summary>As <see cref="Vfio.PciDevice.TryPass"/>.</summary>
    internal abstract bool TryPass(TimeSpan longest);

    /// <summary>A model has interrupted. Called in its turn, or in a register access.</summary>
    internal virtual void OnInterrupt()
    {
        // In real time the kernel wakes the sleepers.
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
