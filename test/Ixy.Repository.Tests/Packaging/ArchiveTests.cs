using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;

namespace Ixy.Repository.Tests.Packaging;

/// <summary>The archive that contains ixy as one native file.</summary>
[Trait("needs", "time")]
public sealed class ArchiveTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ixy-archive-");

    private static string Name => $"ixy-{Releases.Version}-linux-x64";

    [SkippableFact]
    public void ItHasTheProgramAndItsPapers()
    {
        var entries = Entries(Releases.Archive);
        string[] names = [.. entries.Select(entry => entry.Name[$"{Name}/".Length..])];
        Assert.Equal(
            ["", "CHANGELOG.md", "LICENSE", "README.md", "THIRD-PARTY-NOTICES.md", "completions/",
                "completions/ixy.bash", "completions/ixy.fish", "completions/ixy.zsh", "ixy", "man/", "man/man1/"],
            names.Where(name => !name.EndsWith(".1", StringComparison.Ordinal)));
        Assert.Contains("man/man1/ixy.1", names);
        Assert.Contains("man/man1/ixy-fwd.1", names);
        var program = entries.Single(entry => entry.Name == $"{Name}/ixy");
        Assert.InRange(program.Length, 5_000_000, 16_000_000);
        const UnixFileMode ReadAndRun = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead
            | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        Assert.Equal(ReadAndRun | UnixFileMode.UserWrite, program.Mode);
    }

    [SkippableFact]
    public void ItsSymbolsAreApart()
    {
        string symbols = Releases.Archive.Replace(".tar.gz", "-symbols.tar.gz", StringComparison.Ordinal);
        Assert.Equal($"{Name}-symbols/Ixy.Cli.dbg", Entries(symbols)[^1].Name);
        byte[] program = Program();
        // The link from the program to its symbols, and a section that only the symbols have.
        Assert.True(program.AsSpan().IndexOf("Ixy.Cli.dbg\0"u8) >= 0);
        Assert.True(program.AsSpan().IndexOf(".debug_info\0"u8) < 0, "the program is not stripped");
    }

    [SkippableFact]
    public void AnotherRunGivesTheSameBytes()
    {
        byte[] first = File.ReadAllBytes(Releases.Archive);
        Assert.All(Entries(Releases.Archive), entry => Assert.Equal((0, 0), (entry.Uid, entry.Gid)));
        Assert.Single(Entries(Releases.Archive).Select(entry => entry.ModificationTime).Distinct());
        string again = Releases.Script("eng/publish").Path!;
        Assert.Equal(Releases.Archive, again);
        Assert.True(first.AsSpan().SequenceEqual(File.ReadAllBytes(again)));
    }

    [SkippableFact]
    public void TheReadmeSaysHowOldTheCLibraryMayBe()
    {
        string program = Encoding.Latin1.GetString(Program());
        var needed = Regex.Matches(program, @"\0GLIBC_(\d+\.\d+)")
            .Select(match => Version.Parse(match.Groups[1].Value)).Max();
        string readme = File.ReadAllText(Path.Combine(Checkout.Root, "src/Ixy.Cli/ARCHIVE.md"));
        Assert.Contains($"glibc {needed} or later", readme);
    }

    /// <summary>A root file system with the loader, libc and libm: no /proc, no /sys, no /dev, and no .NET.</summary>
    [SkippableFact]
    [Trait("needs", "root")]
    public void ItRunsWhereThereIsNothingButTheCLibrary()
    {
        Needs.Root("chroot is for root alone");
        string[] libraries = Install(Path.Combine(_folder.FullName, "ixy"));
        Assert.Equal(
            ["ld-linux-x86-64.so.2", "libc.so.6", "libm.so.6"],
            libraries.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using var run = IxyProcess.StartOther("chroot", _folder.FullName, "/ixy", "fwd", "sim:ixgbe,wire=generator",
            "sim:virtio,wire=generator", "--duration", "1s", "--json");
        Assert.True(run.WaitForExit() == 0, run.Output + run.Error);
        var report = JsonReport.Of((0, run.Output, run.Error));
        report.AssertSound();
        Assert.All([0, 1], i => Assert.InRange(report.Device(i).Number("txPackets"), 1, long.MaxValue));
    }

    [SkippableTheory]
    [Trait("needs", "root")]
    [InlineData("usr/local/bin/ixy", "ixy", "ixy")]
    [InlineData("opt/ixy", "/opt/ixy", "/opt/ixy")]
    public void ItsMessagesNameItAsItRunsWithSudo(string place, string started, string named)
    {
        Needs.Root("chroot is for root alone");
        Install(Path.Combine(_folder.FullName, place));
        using var run = IxyProcess.StartOther(
            "env", "PATH=/usr/sbin:/usr/local/bin:/usr/bin", "chroot", _folder.FullName, started, "fwd", "a", "b",
            "--batch", "0");
        IxyProcess.AssertOneLine((run.WaitForExit(), run.Output, run.Error), 2, $"(see {named} fwd --help)");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    // Installs the program, and under its future root the libraries it needs. Returns those libraries.
    private string[] Install(string ixy)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(ixy)!);
        File.WriteAllBytes(ixy, Program());
        File.SetUnixFileMode(ixy, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string[] libraries = [.. LibrariesOf(ixy)];
        foreach (string library in libraries)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.FullName + library)!);
            File.Copy(library, _folder.FullName + library);
        }
        return libraries;
    }

    private static List<TarEntry> Entries(string archive)
    {
        using var stream = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress);
        using var reader = new TarReader(stream);
        var entries = new List<TarEntry>();
        while (reader.GetNextEntry(copyData: true) is { } entry) entries.Add(entry);
        return entries;
    }

    private static byte[] Program()
    {
        using var copy = new MemoryStream();
        Entries(Releases.Archive).Single(entry => entry.Name == $"{Name}/ixy").DataStream!.CopyTo(copy);
        return copy.ToArray();
    }

    private static IEnumerable<string> LibrariesOf(string program)
    {
        using var ldd = IxyProcess.StartOther("ldd", program);
        Assert.Equal(0, ldd.WaitForExit());
        return Regex.Matches(ldd.Output, @"(/\S+) \(0x").Select(match => match.Groups[1].Value);
    }
}
