namespace Ixy.Simulation.Cards;

/// <summary>
/// Names of the open cards of a world. A specifier may be used twice; then the second card is called <c>…#2</c>, so
/// that tables, captures, metrics and messages can tell them apart. Thread-safe.
/// </summary>
internal sealed class CardNames
{
    private readonly HashSet<string> _names = [];

    /// <summary>A name for a card that no other open card has.</summary>
    internal string Take(string specifier)
    {
        lock (_names)
        {
            string name = specifier;
            for (int i = 2; !_names.Add(name); i++) name = $"{specifier}#{i}";
            return name;
        }
    }

    /// <summary>Releases the name of a card that closes.</summary>
    internal void Release(string name)
    {
        lock (_names) _names.Remove(name);
    }
}
