namespace Ixy.Setup.Examination;

/// <summary>Which processors share a core, as text: <c>0+4, 1+5</c>.</summary>
internal static class SharedCores
{
    // From so many of one pattern on, only the first two and the last are spelled out.
    private const int Row = 5;

    internal static string Describe(IReadOnlyList<IReadOnlyList<int>> shared)
    {
        var texts = new List<string>();
        for (int start = 0; start < shared.Count;)
        {
            int length = RowAt(shared, start);
            texts.AddRange(length < Row ? [Text(shared[start])]
                : [Text(shared[start]), $"{Text(shared[start + 1])} to {Text(shared[start + length - 1])}"]);
            start += length < Row ? 1 : length;
        }
        return string.Join(", ", texts);
    }

    // How many there are from here of which each is as far from the one before as the second is from the first.
    private static int RowAt(IReadOnlyList<IReadOnlyList<int>> shared, int start)
    {
        int length = 1;
        while (start + length < shared.Count
            && Step(shared[start + length - 1], shared[start + length]) is { } step
            && step == Step(shared[start], shared[start + 1]))
            length++;
        return length;
    }

    // Null: they are not alike.
    private static int? Step(IReadOnlyList<int> before, IReadOnlyList<int> after)
    {
        int step = after[0] - before[0];
        return before.Select(core => core + step).SequenceEqual(after) ? step : null;
    }

    private static string Text(IReadOnlyList<int> cores) => string.Join('+', cores);
}
