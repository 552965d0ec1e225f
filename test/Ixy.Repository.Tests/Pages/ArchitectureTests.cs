using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Ixy.Repository.Tests.Pages;

/// <summary>The floors in docs/architecture.md match the project files.</summary>
public sealed class ArchitectureTests
{
    private static readonly string s_page = File.ReadAllText(
        Path.Combine(Checkout.Root, "docs/architecture.md"));

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

    // Beside a project's own tests: what tests share, the fuzzer, and tests that need its models or its system calls.
    private static readonly string[] s_friends =
    [
        "Ixy <- Ixy.Fuzz",
        "Ixy.Hosting <- Ixy.Fuzz", "Ixy.Hosting <- Ixy.Simulation.Tests", "Ixy.Hosting <- Ixy.Testing",
        "Ixy.Setup <- Ixy.Cli.Tests", "Ixy.Setup <- Ixy.Testing",
        "Ixy.Simulation <- Ixy.Cli.Tests", "Ixy.Simulation <- Ixy.Fuzz", "Ixy.Simulation <- Ixy.Hosting.Tests",
        "Ixy.Simulation <- Ixy.Testing", "Ixy.Simulation <- Ixy.Tests", "Ixy.Simulation <- Ixy.Vm.Tests",
        "Ixy.Vfio <- Ixy.Fuzz", "Ixy.Vfio <- Ixy.Hosting.Tests", "Ixy.Vfio <- Ixy.Simulation.Tests",
        "Ixy.Vfio <- Ixy.Testing", "Ixy.Vfio <- Ixy.Tests",
    ];

    [Fact]
    public void NobodyButTestsSeesInternals()
    {
        List<string> others = [];
        foreach (var (project, file) in Projects())
        {
            var friends = file.Descendants("InternalsVisibleTo").Select(friend => friend.Attribute("Include")!.Value);
            Assert.All(friends, friend => Assert.True(IsOfTests(friend), $"{project} opens itself to {friend}"));
            Assert.Contains($"{project}.Tests", friends);
            others.AddRange(
                friends.Where(friend => friend != $"{project}.Tests").Select(friend => $"{project} <- {friend}"));
        }
        Assert.Equal(s_friends, others.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(
            Sources(), file =>
            File.ReadAllText(file).Contains("assembly: InternalsVisibleTo", StringComparison.Ordinal));
    }

    [Fact]
    public void TheTestsOfAProjectAreInTheFoldersOfItsSources()
    {
        foreach (string project in Projects().Keys)
        {
            string sources = Path.Combine(Checkout.Root, "src", project);
            string tests = Path.Combine(Checkout.Root, "test", $"{project}.Tests");
            string[] folders = [
                .. Code(tests).Select(file => Path.GetRelativePath(tests, Path.GetDirectoryName(file)!)).Distinct()];
            Assert.NotEmpty(folders);
            Assert.All(folders, folder => Assert.True(
                Directory.Exists(Path.Combine(sources, folder)), $"{project}.Tests has {folder}, {project} has not"));
        }
    }

    // What is internal stands in a folder. All of Ixy.Cli is internal, as of any program.
    [Fact]
    public void TheRootOfALibraryHasWhatItsUsersNeed()
    {
        foreach (string project in Projects().Keys.Where(project => project != "Ixy.Cli"))
        {
            string[] files = Directory.GetFiles(Path.Combine(Checkout.Root, "src", project), "*.cs");
            Assert.NotEmpty(files);
            Assert.All(files, file => Assert.True(
                Regex.IsMatch(File.ReadAllText(file), "^public ", RegexOptions.Multiline), $"{file} has no public type"));
        }
    }

    [Fact]
    public void EveryFileThatThePageNamesIsThere()
    {
        var named = Regex.Matches(s_page, @"`(src/[\w./-]+)`").Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(named);
        Assert.All(named, path => Assert.True(File.Exists(Path.Combine(Checkout.Root, path)), path));
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
                    Path.Combine(Checkout.Root, "src", row.Groups[1].Value, room.Groups[1].Value)), room.Value));
        }
    }

    [Fact]
    public void NamespacesAreFolders()
    {
        AssertNamespaces("src", Sources());
        AssertNamespaces("test", Code(Path.Combine(Checkout.Root, "test")));
    }

    private static void AssertNamespaces(string root, IEnumerable<string> files)
    {
        foreach (string file in files)
        {
            string folder = Path.GetRelativePath(
                Path.Combine(Checkout.Root, root), Path.GetDirectoryName(file)!).Replace('/', '.');
            // In these folders, Offloads is the name of an enum.
            string expected = folder is "Ixy.Offloads" or "Ixy.Tests.Offloads" ? folder[..^".Offloads".Length] : folder;
            string? declared = File.ReadLines(file)
                .FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal));
            if (declared is not null) Assert.True(declared == $"namespace {expected};", $"{file}: {declared}");
        }
    }

    // The first diagram on the page.
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
        .GetFiles(Path.Combine(Checkout.Root, "src"), "*.csproj", SearchOption.AllDirectories)
        .ToDictionary(file => Path.GetFileNameWithoutExtension(file), file => XDocument.Load(file));

    private static IEnumerable<string> References(XDocument project) => project.Descendants("ProjectReference")
        .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));

    private static bool IsOfTests(string project) =>
        File.Exists(Path.Combine(Checkout.Root, "test", project, $"{project}.csproj"));

    private static IEnumerable<string> Sources() => Code(Path.Combine(Checkout.Root, "src"));

    private static IEnumerable<string> Code(string folder) => Directory
        .EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)
            && !file.Contains("/bin/", StringComparison.Ordinal));
}
