namespace Ixy.Simulation.Cards;

/// <summary>
/// What a card does where its datasheet or specification leaves a choice. The models ask here at the few points where
/// there is one: once per turn, batch or access, never per packet. This class answers as the plain card does;
/// <see cref="PerverseBehaviour"/> chooses at random instead.
/// </summary>
internal class Behaviour
{
    /// <summary>Always the usual choice.</summary>
    internal static Behaviour Plain { get; } = new();

    /// <summary>No choice is random, so whatever exists only to be late or out of order is not needed.</summary>
    internal bool IsPlain => this == Plain;

    /// <summary>
    /// Doorbells reach the card as calls and may take effect at once, before software's next instruction. Otherwise
    /// they are plain stores, seen in a turn of the card.
    /// </summary>
    internal virtual bool TrapsDoorbells => false;

    /// <summary>Random behaviour for a seed; plain behaviour for null.</summary>
    internal static Behaviour Of(ulong? seed) => seed is { } value ? new PerverseBehaviour(value) : Plain;

    /// <summary>The card does nothing at all at this time.</summary>
    internal virtual bool Rests(long now) => false;

    /// <summary>How many turns the card takes while an access is on its way to it, or back.</summary>
    internal virtual int TurnsMeanwhile() => 0;

    /// <summary>How many nanoseconds something takes: the usual time, and the maximum.</summary>
    internal virtual long Time(long usual, long longest) => usual;

    /// <summary>How many of the items that could be processed at once (1 or more) are.</summary>
    internal virtual int Budget(int most) => most;

    /// <summary>How many of the finished items are reported to software now; the rest later.</summary>
    internal virtual int Lump(int done) => done;

    /// <summary>Which of several items comes first, if any may; the usual one is given.</summary>
    internal virtual int Choose(int count, int usual) => usual;

    /// <summary>Something that need not be seen, or done, now is postponed.</summary>
    internal virtual bool Overlooks() => false;
}
