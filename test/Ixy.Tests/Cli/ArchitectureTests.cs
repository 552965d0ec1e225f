using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Ixy.Tests.Cli;

/// <summary>The floors of docs/architecture.md are those of the project files.</summary>
public sealed class ArchitectureTests
{
    private static readonly string s_page = File.ReadAllText(
        Path.Combine(RepositoryTests.Root, "docs/architecture.md"));

    [Fact]
    public void ThePictureHasAllProjectsAndTheirReferences()
    {
        var drawn = Nodes();
        Assert.Equal(Projects().Keys.Order(), drawn.Values.Select(node => node.Project).Order());
        var arrows = Regex.Matches(Picture(), @"^\s*(\w+) --> (\w+)$", RegexOptions.Multiline)
            .Select(arrow => (drawn[arrow.Groups[1].Value].Project, drawn[arrow.Groups[2].Value].Project));
        var references = Projects()
            .SelectMany(project => References(project.Value).Select(below => (project.Key, below)));
        Assert.Equal(references.Order(), arrows.Order());
    }

    [Fact]
    public void ReferencesGoDownOnly()
    {
        var floors = Nodes().Values.ToDictionary(node => node.Project, node => node.Floor);
        foreach (var (project, file) in Projects())
            Assert.All(References(file),
                below => Assert.True(floors[below] < floors[project], $"{project} uses {below}"));
    }

    [Fact]
    public void NobodyButTestsSeesInternals()
    {
        foreach (var (project, file) in Projects())
        {
            var friends = file.Descendants("InternalsVisibleTo").Select(friend => friend.Attribute("Include")!.Value);
            Assert.All(friends,
                friend => Assert.True(
                    friend.EndsWith(".Tests", StringComparison.Ordinal), $"{project} opens itself to {friend}"));
        }
        Assert.DoesNotContain(
            Sources(), file =>
            File.ReadAllText(file).Contains("assembly: InternalsVisibleTo", StringComparison.Ordinal));
    }

    [Fact]
    public void EveryFileThatThePageNamesIsThere()
    {
        var named = Regex.Matches(s_page, @"`(src/[\w./-]+)`").Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(named);
        Assert.All(named, path => Assert.True(File.Exists(Path.Combine(RepositoryTests.Root, path)), path));
    }

    [Fact]
    public void TheRoomsThatThePageNamesAreThere()
    {
        var rows = Regex.Matches(s_page, @"^\| (Ixy[\w.]*) \|(.*)$", RegexOptions.Multiline);
        Assert.Equal(Projects().Keys.Order(), rows.Select(row => row.Groups[1].Value).Order());
        foreach (Match row in rows)
        {
            Assert.All(Regex.Matches(row.Groups[2].Value, @"`(\w+)/`"), room =>
                Assert.True(
                    Directory.Exists(
                    Path.Combine(RepositoryTests.Root, "src", row.Groups[1].Value, room.Groups[1].Value)), room.Value));
        }
    }

    [Fact]
    public void NamespacesAreFolders()
    {
        foreach (string file in Sources())
        {
            string folder = Path.GetRelativePath(
                Path.Combine(RepositoryTests.Root, "src"), Path.GetDirectoryName(file)!).Replace('/', '.');
            // There, Offloads is the name of an enumeration.
            string expected = folder == "Ixy.Offloads" ? "Ixy" : folder;
            string? declared = File.ReadLines(file)
                .FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal));
            if (declared is not null) Assert.True(declared == $"namespace {expected};", $"{file}: {declared}");
        }
    }

    // The first picture of the page.
    private static string Picture() => s_page.Split("```mermaid\n")[1].Split("```")[0];

    private static Dictionary<string, (string Project, int Floor)> Nodes()
    {
        var nodes = new Dictionary<string, (string, int)>();
        foreach (Match floor in Regex.Matches(
            Picture(), @"subgraph floor(\d+) .*?\n(.*?)\n\s*end\n", RegexOptions.Singleline))
        {
            foreach (Match node in Regex.Matches(floor.Groups[2].Value, @"(\w+)\[([\w.]+)\]"))
                nodes.Add(node.Groups[1].Value,
                    (node.Groups[2].Value,
                    int.Parse(floor.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)));
        }
        return nodes;
    }

    private static Dictionary<string, XDocument> Projects() => Directory
        .GetFiles(Path.Combine(RepositoryTests.Root, "src"), "*.csproj", SearchOption.AllDirectories)
        .ToDictionary(file => Path.GetFileNameWithoutExtension(file), file => XDocument.Load(file));

    private static IEnumerable<string> References(XDocument project) => project.Descendants("ProjectReference")
        .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));

    private static IEnumerable<string> Sources() => Directory
        .EnumerateFiles(Path.Combine(RepositoryTests.Root, "src"), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains("/obj/", StringComparison.Ordinal));
}
