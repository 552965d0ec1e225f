namespace Ixy.Simulation.Cards;

/// <summary>
/// What a card does where its datasheet or specification leaves it a choice. The models ask here at the few points
/// where there is one, once a turn, a batch or an access, never for each packet; the answers of this class are those of
/// the plain card. <see cref="PerverseBehaviour"/> draws lots instead.
/// </summary>
internal class Behaviour
{
    /// <summary>Always the usual thing.</summary>
    internal static Behaviour Plain { get; } = new();

    /// <summary>There are no lots: what exists only to be late or out of order is not needed.</summary>
    internal bool IsPlain => this == Plain;

    /// <summary>
    /// Doorbells reach the card as calls and may be acted upon at once, before software's next instruction. Otherwise
    /// they are plain stores, seen in a turn of the card.
    /// </summary>
    internal virtual bool TrapsDoorbells => false;

    /// <summary>The drawn behaviour for a seed; the plain one for none.</summary>
    internal static Behaviour Of(ulong? seed) => seed is { } value ? new PerverseBehaviour(value) : Plain;

    /// <summary>The card does nothing at all at this time.</summary>
    internal virtual bool Rests(long now) => false;

    /// <summary>Turns that the card takes while an access is on its way to it, or back.</summary>
    internal virtual int TurnsMeanwhile() => 0;

    /// <summary>Nanoseconds that something takes: usually so long, and at most so long.</summary>
    internal virtual long Time(long usual, long longest) => usual;

    /// <summary>How many of those that could be dealt with at once, 1 or more, are.</summary>
    internal virtual int Budget(int most) => most;

    /// <summary>How many of those that are done software gets to know of now; the rest later.</summary>
    internal virtual int Lump(int done) => done;

    /// <summary>Which of so many, all of which may come first, comes first; the usual one is named.</summary>
    internal virtual int Choose(int count, int usual) => usual;

    /// <summary>Something that need not be seen, or done, now is not.</summary>
    internal virtual bool Overlooks() => false;
}
