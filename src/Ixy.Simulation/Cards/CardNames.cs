namespace Ixy.Simulation.Cards;

/// <summary>
/// Names of the cards of a world that are open. A specifier may be used twice; then the second card is called
/// <c>…#2</c>, so that tables, captures, metrics and messages can tell the two apart. Thread-safe.
/// </summary>
internal sealed class CardNames
{
    private readonly HashSet<string> _names = [];

    /// <summary>A name for a card that no other open one has.</summary>
    internal string Take(string specifier)
    {
        lock (_names)
        {
            string name = specifier;
            for (int i = 2; !_names.Add(name); i++) name = $"{specifier}#{i}";
            return name;
        }
    }

    /// <summary>The card with this name closes.</summary>
    internal void Release(string name)
    {
        lock (_names) _names.Remove(name);
    }
}
