using System.Reflection.PortableExecutable;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Ixy.Tests.Cli;

namespace Ixy.Tests.Packaging;

/// <summary>What is in the packages for NuGet.</summary>
[Trait("needs", "time")]
public sealed class PackageTests
{
    // The command is a package that names one for each kind of machine.
    private static readonly string[] s_tools = ["Ixy.Cli", "Ixy.Cli.any", "Ixy.Cli.linux-x64"];

    public static TheoryData<string> Libraries => [.. Releases.Libraries];

    public static TheoryData<string> All => [.. Releases.Libraries, .. s_tools];

    [SkippableFact]
    public void EveryLibraryAndTheCommandArePackedAndNothingElseIs()
    {
        var files = Directory.GetFiles(Releases.Packages, "*.nupkg").Select(file => Path.GetFileName(file)!);
        Assert.Equal(
            Releases.Libraries.Concat(s_tools).Select(name => $"{name}.{Releases.Version}.nupkg")
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

        string project = s_tools.Contains(name) ? "Ixy.Cli" : name;
        Assert.Equal(Source($"src/{project}/PACKAGE.md"), package.ReadText(package.Find("readme").Value));
        Assert.Equal(Source("LICENSE"), package.ReadText("LICENSE"));
        Assert.Equal([0x89, .. "PNG"u8], package.Read(package.Find("icon").Value)[..4]);
    }

    [SkippableTheory]
    [MemberData(nameof(All))]
    public void APackageDependsOnThoseOfItsReferencesAndOnNothingElse(string name)
    {
        using var package = new Package(name);
        string project = Path.Combine(RepositoryTests.Root, "src", name, $"{name}.csproj");
        var references = s_tools.Contains(name) ? [] : XDocument.Load(project).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
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
            Assert.True(File.Exists(Path.Combine(RepositoryTests.Root, document["/_/".Length..])), document);
        });
    }

    // Another build of the same sources gives the same file: neither times nor this machine's folders are in it.
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

    private static string Source(string path) => File.ReadAllText(Path.Combine(RepositoryTests.Root, path));

    private static string Commit()
    {
        using var git = IxyProcess.StartOther("git", "-C", RepositoryTests.Root, "rev-parse", "HEAD");
        Assert.Equal(0, git.WaitForExit());
        return git.Output.Trim();
    }
}
