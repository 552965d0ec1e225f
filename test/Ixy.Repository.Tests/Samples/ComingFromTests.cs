using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Ixy.Repository.Tests.Samples;

/// <summary>The programs in <c>docs/coming-from</c>: all of them compile, and ours run on simulated cards.</summary>
public sealed partial class ComingFromTests : IDisposable
{
    private static readonly string s_folder = Path.Combine(Checkout.Root, "docs/coming-from");
    private static readonly string[] s_libraries =
        ["Ixy", "Ixy.Vfio", "Ixy.Simulation", "Ixy.Hosting", "Ixy.Captures", "Ixy.Setup"];

    // What the SDK adds to every program.
    private const string Usings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-coming-from-");

    /// <summary>Pages, with the number of each C# program on them.</summary>
    public static TheoryData<string, int> Programs => Rows(program => program.Language == "csharp");

    public static TheoryData<string, int> Ours => Rows(program => program.Arguments is not null);

    public static TheoryData<string, int> InC => Rows(program => program.Language == "c");

    [Fact]
    public void EachPageHasAProgramOfOursAndNoneIsOverlooked()
    {
        string[] pages = Directory.GetFiles(s_folder, "*.md");
        Assert.Equal(
            ["dpdk.md", "ixy.md", "sharppcap.md", "sockets.md"], pages.Select(page => Path.GetFileName(page)).Order());
        Assert.All(pages, page =>
        {
            string text = File.ReadAllText(page);
            var programs = ProgramsOf(Path.GetFileName(page));
            Assert.Contains(programs, program => program.Arguments is not null);
            Assert.Equal(text.Split("<!-- program").Length - 1, programs.Count);
            Assert.Equal(
                text.Split("```csharp\n").Length - 1, programs.Count(program => program.Language == "csharp"));
            Assert.Equal(text.Split("```c\n").Length - 1, programs.Count(program => program.Language == "c"));
        });
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void ItCompiles(string page, int number) => Compile(page, number);

    [Theory]
    [MemberData(nameof(Ours))]
    public void OursRuns(string page, int number)
    {
        string program = Compile(page, number);
        foreach (string library in s_libraries.Select(name => $"{name}.dll"))
        {
            File.CreateSymbolicLink(
                Path.Combine(_directory.FullName, library), Path.Combine(AppContext.BaseDirectory, library));
        }
        string settings = Path.Combine(_directory.FullName, "program.runtimeconfig.json");
        File.WriteAllText(settings, """
            {"runtimeOptions":{"tfm":"net10.0","framework":{"name":"Microsoft.NETCore.App","version":"10.0.0"},
             "configProperties":{"Ixy.CheckedPools":true}}}
            """);
        string[] arguments = ProgramsOf(page)[number].Arguments!.Split(' ');
        using var run = IxyProcess.StartOther(
            "dotnet", ["exec", "--runtimeconfig", settings, program, .. arguments]);
        Assert.Equal((0, ""), (run.WaitForExit(), run.Error));
        Assert.NotEqual("", run.Output);
    }

    // Against Debian's DPDK 22.11. C ixy installs no headers; what its listing uses is declared in Headers.
    [SkippableTheory]
    [MemberData(nameof(InC))]
    public void TheOneInCCompiles(string page, int number)
    {
        Skip.IfNot(Tool.Exists("gcc"), "gcc is not installed");
        Assert.Equal((0, ""), CompileC(ProgramsOf(page)[number].Text, page == "ixy.md" ? Headers() : FlagsOfDpdk()));
    }

    // Undeclared or differently declared functions are detected.
    [SkippableTheory]
    [InlineData("ixy_rx_batch(left, 0, batch, 32)", "ixy_rx_batch(left, batch, 32)")]
    [InlineData("pkt_buf_free(", "packet_free(")]
    [InlineData("->data[1]", "->head[1]")]
    public void AWrongCallOfIxyDoesNotCompile(string right, string wrong)
    {
        Skip.IfNot(Tool.Exists("gcc"), "gcc is not installed");
        string text = ProgramsOf("ixy.md").Single(program => program.Language == "c").Text;
        Assert.Contains(right, text);
        Assert.NotEqual(0, CompileC(text.Replace(right, wrong, StringComparison.Ordinal), Headers()).ExitCode);
    }

    // A compiler that accepts everything would be worthless.
    [Fact]
    public void AWrongNameDoesNotCompile() =>
        Assert.NotEmpty(Diagnose(Compilation("using Ixy; NetworkDevice.Opens(args[0]);")));

    public void Dispose() => _directory.Delete(recursive: true);

    private (int ExitCode, string Error) CompileC(string text, IEnumerable<string> flags)
    {
        string source = Path.Combine(_directory.FullName, "program.c");
        File.WriteAllText(source, text);
        using var compiler = IxyProcess.StartOther(
            "gcc", ["-fsyntax-only", "-Wall", "-Wextra", "-Werror", .. flags, source]);
        return (compiler.WaitForExit(), compiler.Error);
    }

    private static string[] FlagsOfDpdk()
    {
        Skip.IfNot(Tool.Exists("pkg-config"), "pkg-config is not installed");
        using var flags = IxyProcess.StartOther("pkg-config", "--cflags", "libdpdk");
        Skip.IfNot(flags.WaitForExit() == 0, "DPDK's headers are not installed (apt install libdpdk-dev)");
        return flags.Output.Trim().Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    // The C ixy functions and members that the listing uses, with their types, in files named like ixy's own headers.
    private string[] Headers()
    {
        Directory.CreateDirectory(Path.Combine(_directory.FullName, "driver"));
        File.WriteAllText(Path.Combine(_directory.FullName, "driver/device.h"), """
            #include "memory.h"
            struct ixy_device;
            struct ixy_device *ixy_init(
                const char *address, uint16_t receive_queues, uint16_t transmit_queues, int interrupt_timeout);
            uint32_t ixy_rx_batch(struct ixy_device *, uint16_t queue, struct pkt_buf *packets[], uint32_t count);
            uint32_t ixy_tx_batch(struct ixy_device *, uint16_t queue, struct pkt_buf *packets[], uint32_t count);
            """);
        File.WriteAllText(Path.Combine(_directory.FullName, "memory.h"), """
            #pragma once
            #include <stdint.h>
            struct pkt_buf { uint32_t size; uint8_t data[]; };
            void pkt_buf_free(struct pkt_buf *);
            """);
        return ["-I", _directory.FullName];
    }

    private string Compile(string page, int number)
    {
        var compilation = Compilation(ProgramsOf(page)[number].Text);
        Assert.Equal("", string.Join('\n', Diagnose(compilation)));
        string path = Path.Combine(_directory.FullName, "program.dll");
        Assert.True(compilation.Emit(path).Success);
        return path;
    }

    private static IEnumerable<Diagnostic> Diagnose(CSharpCompilation compilation) =>
        compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning);

    private static CSharpCompilation Compilation(string text)
    {
        var options = new CSharpParseOptions(LanguageVersion.Latest);
        string runtime = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        string[] files = [
            .. runtime.Split(':').Where(file => Path.GetFileName(file).StartsWith("System.", StringComparison.Ordinal)
                || Path.GetFileName(file) is "netstandard.dll" or "mscorlib.dll"),
            .. s_libraries,
            .. (string[])["SharpPcap", "PacketDotNet"],
        ];
        return CSharpCompilation.Create(
            "program",
            [CSharpSyntaxTree.ParseText(text, options), CSharpSyntaxTree.ParseText(Usings, options)],
            files.Select(file => MetadataReference.CreateFromFile(
                File.Exists(file) ? file : Path.Combine(AppContext.BaseDirectory, $"{file}.dll"))),
            new CSharpCompilationOptions(
                OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
    }

    private static TheoryData<string, int> Rows(Func<PageProgram, bool> wanted)
    {
        var rows = new TheoryData<string, int>();
        foreach (string page in Directory.GetFiles(s_folder, "*.md").Select(page => Path.GetFileName(page)!).Order())
        {
            foreach (var (number, program) in ProgramsOf(page).Index())
            {
                if (wanted(program)) rows.Add(page, number);
            }
        }
        return rows;
    }

    private static List<PageProgram> ProgramsOf(string page) =>
    [
        .. ProgramOnPage().Matches(File.ReadAllText(Path.Combine(s_folder, page))).Select(match => new PageProgram(
            match.Groups[2].Value, match.Groups[3].Value, match.Groups[1].Success ? match.Groups[1].Value : null)),
    ];

    [GeneratedRegex(
        "^<!-- program: [\\w-]+(?:; runs: ([^\\n]*))? -->\\n```(csharp|c)\\n(.*?)^```$",
        RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex ProgramOnPage();

    /// <summary>A program on a page.</summary>
    /// <param name="Language">csharp or c.</param>
    /// <param name="Text">Its whole text.</param>
    /// <param name="Arguments">Its command-line arguments; null if it is only compiled.</param>
    private sealed record PageProgram(string Language, string Text, string? Arguments);
}
