namespace Ixy.Repository.Tests.CodeLines;

/// <summary>What <c>eng/code-lines</c> counts.</summary>
internal static class CodeLinesOutput
{
    /// <summary>The files, relative to the root. Fails if they have too many lines.</summary>
    internal static HashSet<string> ReadFiles()
    {
        using var counter = IxyProcess.StartOther(Path.Combine(Checkout.Root, "eng/code-lines"));
        Assert.Equal(0, counter.WaitForExit());
        return [.. counter.Output.Split('\n').Select(line => line.Split(' ')[^1])
            .Where(word => word.EndsWith(".cs", StringComparison.Ordinal))];
    }
}
