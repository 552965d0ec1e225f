namespace Ixy.Testing;

/// <summary>The repository that the tests were built from.</summary>
internal static class Checkout
{
    /// <summary>Its root directory.</summary>
    internal static string Root { get; } = FindRoot();

    /// <summary>The README and the documentation pages, relative to <see cref="Root"/>.</summary>
    internal static IEnumerable<string> Pages =>
        ["README.md", .. Directory.GetFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Select(page => Path.GetRelativePath(Root, page)).Order(StringComparer.Ordinal)];

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Ixy.slnx")))
            directory = directory.Parent;
        return directory?.FullName
            ?? throw new DirectoryNotFoundException($"no Ixy.slnx above {AppContext.BaseDirectory}");
    }
}
