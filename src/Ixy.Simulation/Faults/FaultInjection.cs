using Ixy.Hosting;
using Ixy.Simulation.Cards;

namespace Ixy.Simulation.Faults;

/// <summary>Injects faults into a running card, between two of its turns.</summary>
internal readonly struct FaultInjection(CardModel card, TurnScheduler turns)
{
    /// <exception cref="Vfio.DeviceSpecifierException">
    /// The text is malformed, or names no fault that this card can have.
    /// </exception>
    internal void Inject(string faults) => Plan(Check(faults));

    /// <exception cref="Vfio.DeviceSpecifierException">As above.</exception>
    internal IReadOnlyList<PlannedFault> Check(string faults)
    {
        ArgumentNullException.ThrowIfNull(faults);
        var planned = FaultSpecifier.Parse(faults, card.Kind);
        FaultSpecifier.RequireAll(planned, card);
        return planned;
    }

    /// <exception cref="ArgumentOutOfRangeException">A time is negative.</exception>
    /// <exception cref="Vfio.DeviceSpecifierException">
    /// This card cannot have this fault, or not for a time.
    /// </exception>
    internal void Inject(CardFault fault, TimeSpan after, TimeSpan? duration)
    {
        ArgumentNullException.ThrowIfNull(fault);
        ArgumentOutOfRangeException.ThrowIfLessThan(after, TimeSpan.Zero);
        if (duration is { } time)
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero, nameof(duration));
        PlannedFault[] planned = [FaultSpecifier.Checked(
            new(fault, After: after.Ticks * 100, Duration: duration?.Ticks * 100), card.Kind)];
        FaultSpecifier.RequireAll(planned, card);
        Plan(planned);
    }

    internal void End(CardFault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        var model = card;
        turns.BetweenTurns(() => model.Faults.Mend(fault));
    }

    private void Plan(IReadOnlyList<PlannedFault> faults)
    {
        var (model, clock) = (card, turns);
        turns.BetweenTurns(() =>
        {
            model.SetTime(clock.Now);
            foreach (var fault in faults) model.Faults.Plan(fault);
        });
    }
}
