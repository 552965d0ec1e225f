using System.Reflection.PortableExecutable;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Ixy.Repository.Tests.Packaging;

/// <summary>Contents of the NuGet packages.</summary>
[Trait("needs", "time")]
public sealed partial class PackageTests
{
    // The command is a package that refers to one for each kind of machine.
    private static readonly string[] s_tools = ["Ixy.Cli", "Ixy.Cli.any", "Ixy.Cli.linux-x64"];

    private const string Templates = "Ixy.Templates";

    public static TheoryData<string> Libraries => [.. Releases.Libraries];

    public static TheoryData<string> All => [.. Releases.Libraries, .. s_tools, Templates];

    [SkippableFact]
    public void EveryLibraryTheCommandAndTheTemplatesArePackedAndNothingElseIs()
    {
        var files = Directory.GetFiles(Releases.Packages, "*.nupkg").Select(file => Path.GetFileName(file)!);
        Assert.Equal(
            Releases.Libraries.Concat(s_tools).Append(Templates).Select(name => $"{name}.{Releases.Version}.nupkg")
                .Order(StringComparer.Ordinal),
            files.Order(StringComparer.Ordinal));
    }

    [SkippableTheory]
    [MemberData(nameof(Libraries))]
    public void ALibraryHasItsAssemblyItsDocumentationAndWhatNuGetShows(string name)
    {
        using var package = new Package(name);
        Assert.Equal(
            ["LICENSE", "PACKAGE.md", "icon.png", $"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml"], package.Files);
        Assert.Contains($"<member name=\"T:{name}.", package.ReadText($"lib/net10.0/{name}.xml"));
    }

    [SkippableTheory]
    [MemberData(nameof(All))]
    public void APackageSaysWhatItIsAndWhereItComesFrom(string name)
    {
        using var package = new Package(name);
        Assert.Equal((name, Releases.Version), (package.Find("id").Value, package.Find("version").Value));
        Assert.InRange(package.Find("description").Value.Length, 60, 400);
        Assert.NotEmpty(package.Find("tags").Value);
        Assert.Equal("BSD-2-Clause", package.Find("license").Value);
        Assert.Contains($"## {Releases.Version}", package.Find("releaseNotes").Value);
        var repository = package.Find("repository");
        Assert.Equal(
            ("git", Releases.Repository, Commit()),
            (repository.Attribute("type")?.Value, repository.Attribute("url")?.Value,
                repository.Attribute("commit")?.Value));

        string folder = name == Templates ? "templates" : $"src/{(s_tools.Contains(name) ? "Ixy.Cli" : name)}";
        Assert.Equal(Source($"{folder}/PACKAGE.md"), package.ReadText(package.Find("readme").Value));
        Assert.Equal(Source("LICENSE"), package.ReadText("LICENSE"));
        Assert.Equal([0x89, .. "PNG"u8], package.Read(package.Find("icon").Value)[..4]);
    }

    // NuGet renders no HTML, and cannot resolve relative links.
    [SkippableTheory]
    [MemberData(nameof(All))]
    public void NuGetCanShowTheReadme(string name)
    {
        using var package = new Package(name);
        string text = Code().Replace(package.ReadText(package.Find("readme").Value), "");
        Assert.StartsWith("# ", text);
        Assert.DoesNotMatch(@"\]\((?!https://)", text);
        Assert.DoesNotMatch("<[a-zA-Z/!]", text);
    }

    // With the time of packing in them, no two packages would be identical.
    [SkippableTheory]
    [MemberData(nameof(All))]
    public void FilesCarryTheTimeOfTheCommit(string name)
    {
        using var package = new Package(name);
        using var git = IxyProcess.StartOther("git", "-C", Checkout.Root, "log", "-1", "--format=%ct");
        Assert.Equal(0, git.WaitForExit());
        var commit = DateTimeOffset.FromUnixTimeSeconds(
            long.Parse(git.Output, System.Globalization.CultureInfo.InvariantCulture));
        // The format has a resolution of two seconds.
        Assert.All(package.Times, time => Assert.InRange((commit.UtcDateTime - time).TotalSeconds, 0, 1));
    }

    [SkippableTheory]
    [MemberData(nameof(All))]
    public void APackageDependsOnThoseOfItsReferencesAndOnNothingElse(string name)
    {
        using var package = new Package(name);
        string project = Path.Combine(Checkout.Root, "src", name, $"{name}.csproj");
        var references = s_tools.Contains(name) || name == Templates ? []
            : XDocument.Load(project).Descendants("ProjectReference").Select(
                reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
        Assert.Equal(references.Order().Select(reference => (reference, Releases.Version)), package.Dependencies);
    }

    [SkippableTheory]
    [MemberData(nameof(Libraries))]
    public void ADebuggerFindsTheSourcesOfALibrary(string name)
    {
        using var symbols = new Package(name, "snupkg");
        string file = $"lib/net10.0/{name}.pdb";
        Assert.Equal([file], symbols.Files);
        var map = JsonNode.Parse(symbols.ReadSourceLink(file, out var documents))!["documents"]!.AsObject();
        var (from, to) = Assert.Single(map);
        Assert.Equal(
            ("/_/*", $"https://raw.githubusercontent.com/example/ixy/{Commit()}/*"), (from, to!.GetValue<string>()));
        Assert.NotEmpty(documents);
        Assert.All(documents, document =>
        {
            Assert.StartsWith($"/_/src/{name}/", document);
            Assert.True(File.Exists(Path.Combine(Checkout.Root, document["/_/".Length..])), document);
        });
    }

    // Another build of the same sources gives the same file: it contains neither times nor this machine's folders.
    [SkippableTheory]
    [MemberData(nameof(Libraries))]
    public void AnAssemblyIsReproducible(string name)
    {
        using var package = new Package(name);
        using var reader = new PEReader(new MemoryStream(package.Read($"lib/net10.0/{name}.dll")));
        var entries = reader.ReadDebugDirectory();
        Assert.Contains(entries, entry => entry.Type == DebugDirectoryEntryType.Reproducible);
        var symbols = Assert.Single(entries, entry => entry.Type == DebugDirectoryEntryType.CodeView);
        Assert.StartsWith("/_/", reader.ReadCodeViewDebugDirectoryData(symbols).Path);
    }

    [SkippableFact]
    public void TheCommandForThisMachineIsOneNativeFile()
    {
        using var package = new Package("Ixy.Cli.linux-x64");
        Assert.Equal(
            ["LICENSE", "PACKAGE.md", "THIRD-PARTY-NOTICES.md", "icon.png",
                "tools/any/linux-x64/DotnetToolSettings.xml", "tools/any/linux-x64/Ixy.Cli"],
            package.Files);
        Assert.Equal([0x7F, .. "ELF"u8], package.Read("tools/any/linux-x64/Ixy.Cli")[..4]);
    }

    [SkippableFact]
    public void TheCommandForOtherMachinesRunsOnDotnet()
    {
        using var package = new Package("Ixy.Cli.any");
        Assert.Contains("THIRD-PARTY-NOTICES.md", package.Files);
        var assemblies = package.Files.Where(file => file.EndsWith(".dll", StringComparison.Ordinal))
            .Select(file => Path.GetFileNameWithoutExtension(file)!);
        Assert.Equal(
            [.. Releases.Libraries, "Ixy.Cli", "Spectre.Console", "System.CommandLine"],
            assemblies
                .OrderBy(assembly => (!assembly.StartsWith("Ixy", StringComparison.Ordinal), assembly == "Ixy.Cli"))
                .ThenBy(assembly => assembly, StringComparer.Ordinal));
        Assert.DoesNotContain(package.Files, file => file.EndsWith(".xml", StringComparison.Ordinal)
            && !file.EndsWith("/DotnetToolSettings.xml", StringComparison.Ordinal));
    }

    [SkippableFact]
    public void TheTemplatesHaveTheirFilesWithTheVersionFilledIn()
    {
        using var package = new Package(Templates);
        const string App = "content/ixy-app", Driver = "content/ixy-driver", Test = $"{Driver}/Company.Driver1.Tests";
        Assert.Equal(
            ["LICENSE", "PACKAGE.md",
                $"{App}/.template.config/template.json", $"{App}/Company.Forwarder1.csproj", $"{App}/Program.cs",
                $"{App}/README.md",
                $"{Driver}/.template.config/template.json", $"{Test}/Company.Driver1.Tests.csproj",
                $"{Test}/CopierModel.cs", $"{Test}/CopierTests.cs", $"{Driver}/Company.Driver1.slnx",
                $"{Driver}/Company.Driver1/Company.Driver1.csproj", $"{Driver}/Company.Driver1/Copier.cs",
                $"{Driver}/README.md", "icon.png"],
            package.Files);
        Assert.Equal("Template", package.Find("packageType").Attribute("name")?.Value);
        string[] projects = [.. package.Files.Where(file => file.EndsWith(".csproj", StringComparison.Ordinal))];
        Assert.All(projects, file => Assert.DoesNotContain("IXY_VERSION", package.ReadText(file)));
        // The program in the README is the sample, whose first line refers to a project in the repository.
        Assert.Equal(
            Source("samples/forwarder.cs").Split('\n', 2)[1]
                .Replace("forwarder.cs", "Company.Forwarder1", StringComparison.Ordinal),
            package.ReadText($"{App}/Program.cs"));
    }

    // The template's tests use the same package versions as this repository.
    [Fact]
    public void TheTemplatesTestsUseTheSamePackages()
    {
        var used = XDocument.Parse(Source("Directory.Packages.props")).Descendants("PackageVersion")
            .ToDictionary(
                package => package.Attribute("Include")!.Value, package => package.Attribute("Version")!.Value);
        var references = XDocument
            .Parse(Source("templates/content/ixy-driver/Company.Driver1.Tests/Company.Driver1.Tests.csproj"))
            .Descendants("PackageReference").Where(reference => reference.Attribute("Include")!.Value != "Ixy.Hosting");
        Assert.Equal(3, references.Count());
        Assert.All(references, reference => Assert.Equal(
            used[reference.Attribute("Include")!.Value], reference.Attribute("Version")!.Value));
    }

    [GeneratedRegex("```.*?```|`[^`]*`", RegexOptions.Singleline)]
    private static partial Regex Code();

    private static string Source(string path) => File.ReadAllText(Path.Combine(Checkout.Root, path));

    private static string Commit()
    {
        using var git = IxyProcess.StartOther("git", "-C", Checkout.Root, "rev-parse", "HEAD");
        Assert.Equal(0, git.WaitForExit());
        return git.Output.Trim();
    }
}
