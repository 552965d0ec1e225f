namespace Ixy.Simulation.Cards;

/// <summary>
/// Names of the simulated cards that are open. A specifier may be used twice; then the second card is called <c>…#2</c>, so that tables,
/// captures, metrics and messages can tell the two apart. Thread-safe.
/// </summary>
internal static class CardNames
{
    private static readonly HashSet<string> s_names = [];

    /// <summary>A name for a card that no other open one has.</summary>
    internal static string Take(string specifier)
    {
        lock (s_names)
        {
            string name = specifier;
            for (int i = 2; !s_names.Add(name); i++) name = $"{specifier}#{i}";
            return name;
        }
    }

    /// <summary>The card with this name closes.</summary>
    internal static void Release(string name)
    {
        lock (s_names) s_names.Remove(name);
    }
}
