using System.Globalization;

namespace Ixy.Simulation.Tests;

/// <summary>
/// The seeds that a test draws its cards from: a few, or those named in the environment, such as
/// <c>IXY_PERVERSE_SEEDS=0-999</c> or <c>=17</c> (eng/perverse); with <c>plain</c>, the same runs use plain cards. A
/// failure reports its seed, and is run again with a trace.
/// </summary>
internal static class PerverseSeeds
{
    private const string Variable = "IXY_PERVERSE_SEEDS", Plain = "plain";
    private const ulong Usual = 16;

    private static bool IsPlain => Environment.GetEnvironmentVariable(Variable) == Plain;

    /// <summary>Runs something with a card for each seed.</summary>
    /// <param name="card">The card without its behaviour, such as <c>sim:ixgbe</c>.</param>
    /// <param name="run">Receives the seed and the specifier of a perverse card, which it may extend; must do the same
    /// thing for the same seed.</param>
    internal static void Each(string card, Action<ulong, string> run)
    {
        var (first, last) = Range(Environment.GetEnvironmentVariable(Variable));
        for (ulong seed = first; seed <= last; seed++) Run(card, seed, run);
    }

    private static void Run(string card, ulong seed, Action<ulong, string> run)
    {
        string specifier = IsPlain ? card : $"{card},behaviour=perverse,seed={seed}";
        try
        {
            run(seed, specifier);
        }
        catch (Exception error)
        {
            string trace = Path.Combine(Path.GetTempPath(), $"ixy-perverse-{seed}.trace");
            string again = Replay(run, seed, $"{specifier},trace={trace}");
            throw new PerverseFailureException(
                $"seed {seed}, {specifier}: {error.Message}\n"
                + $"{again}; register accesses: {trace}\n"
                + $"To replay: {Variable}={seed} dotnet test …; a forwarder with this card: "
                + $"ixy fwd '{specifier},wire=generator,rate=1Mpps,trace=FILE' {card},wire=generator,rate=1Mpps "
                + $"--virtual-time --seed {seed} --duration 10ms", error);
        }
    }

    private static string Replay(Action<ulong, string> run, ulong seed, string specifier)
    {
        try
        {
            run(seed, specifier);
            return "the second run with this seed did not fail";
        }
        catch (Exception error)
        {
            return $"so again: {error.Message.Split('\n')[0]}";
        }
    }

    private static (ulong First, ulong Last) Range(string? text)
    {
        if (text is null or Plain) return (0, Usual - 1);
        string[] ends = text.Split('-');
        return (Number(ends[0]), Number(ends[^1]));
    }

    private static ulong Number(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>A driver failed on a perverse card.</summary>
internal sealed class PerverseFailureException(string message, Exception inner) : Exception(message, inner);
