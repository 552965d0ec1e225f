using Ixy.Vfio;

namespace Ixy.Simulation.Specifiers;

/// <summary>
/// The part of a specifier that says how a card makes its choices: <c>behaviour=perverse,seed=17</c>.
/// </summary>
internal static class BehaviourSpecifier
{
    /// <summary>The seed for random choices; null if nothing is random.</summary>
    /// <exception cref="DeviceSpecifierException">There is no such behaviour, or no such seed.</exception>
    internal static ulong? TakeSeed(SpecifierOptions options)
    {
        string? behaviour = options.Take("behaviour");
        if (behaviour is not (null or "perverse"))
            throw SpecifierOptions.Invalid(
                "behaviour", behaviour, "perverse, or none of it for a card that does the usual thing");
        if (behaviour is not null) return (ulong)options.TakeNumber("seed", 0, long.MaxValue, 0);
        if (options.Take("seed") is { } seed)
            throw new DeviceSpecifierException(
                $"seed={seed} draws nothing: expected behaviour=perverse beside it (the seed of virtual time is "
                + "--seed)");
        return null;
    }
}
