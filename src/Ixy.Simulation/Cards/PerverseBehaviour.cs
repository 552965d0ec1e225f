using Ixy.Hosting;

namespace Ixy.Simulation.Cards;

/// <summary>
/// Chooses at random what the rules leave open (docs/perverse.md). How often it is late, and how much, is chosen first,
/// for the whole life of the card: so some seeds give hasty cards, some lazy ones, and some that are hasty in one
/// respect and lazy in another.
/// </summary>
internal sealed class PerverseBehaviour : Behaviour
{
    private const long LongestRest = 60_000;

    private SeededOrder _lots;
    private readonly int _rests, _turns, _withholds, _overlooks, _hurries;
    private long _restsUntil;

    /// <param name="seed">The same seed gives the same answers to the same questions.</param>
    internal PerverseBehaviour(ulong seed)
    {
        _lots = new(seed);
        // In thousandths.
        TrapsDoorbells = _lots.Next(4) != 0;
        _rests = Pick(0, 0, 5, 50);
        _turns = Pick(0, 200, 600, 900);
        _withholds = Pick(0, 300, 800, 960);
        _overlooks = Pick(0, 100, 500, 900);
        _hurries = Pick(0, 300, 700, 1000);
    }

    internal override bool TrapsDoorbells { get; }

    internal override bool Rests(long now)
    {
        if (now < _restsUntil) return true;
        if (!Happens(_rests)) return false;
        _restsUntil = now + _lots.Next((int)LongestRest);
        return true;
    }

    internal override int TurnsMeanwhile() => Happens(_turns) ? 1 + _lots.Next(3) : 0;

    // Usually short, because two of three draws are scaled down.
    internal override long Time(long usual, long longest)
    {
        if (Happens(_hurries)) return 0;
        long scale = longest >> _lots.Next(3) * 3;
        return (long)Math.BigMul(_lots.Next(), (ulong)scale, out _);
    }

    internal override int Budget(int most) => most <= 1 || Happens(_hurries) ? most : 1 + _lots.Next(most);

    internal override int Lump(int done)
    {
        if (done == 0 || Happens(_withholds)) return 0;
        return _lots.Next(2) == 0 ? done : 1 + _lots.Next(done);
    }

    internal override int Choose(int count, int usual) => _lots.Next(count);

    internal override bool Overlooks() => Happens(_overlooks);

    private bool Happens(int thousandths) => _lots.Next(1000) < thousandths;

    private int Pick(params ReadOnlySpan<int> choices) => choices[_lots.Next(choices.Length)];
}
