using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Ixy.Repository.Tests.Packaging;

/// <summary>First steps of a user who has the packages and nothing else of ixy.</summary>
[Trait("needs", "time")]
public sealed partial class NewUserTests : IClassFixture<NewUser>
{
    private const string Left = "sim:ixgbe,wire=generator", Right = "sim:virtio,wire=generator";

    private readonly NewUser _user;

    /// <summary>Runs before each test, so that none finds what another one has installed of ixy.</summary>
    public NewUserTests(NewUser user)
    {
        _user = user;
        user.ForgetIxy();
    }

    /// <summary>The programs in the packages' readmes.</summary>
    public static TheoryData<string, int> Programs
    {
        get
        {
            var programs = new TheoryData<string, int>();
            foreach (string library in Releases.Libraries)
            {
                int count = ProgramsOf(library).Length;
                Assert.InRange(count, 1, 5);
                for (int i = 0; i < count; i++) programs.Add(library, i);
            }
            return programs;
        }
    }

    [SkippableFact]
    public void AConsoleProjectForwardsAsItIsAndTrimmed()
    {
        string folder = _user.CreateFolder(withOtherSources: false);
        _user.Run(folder, "dotnet", "new", "console", "--output", "forwarder");
        _user.Run(folder, "dotnet", "add", "forwarder", "package", "Ixy.Simulation");
        File.WriteAllText(Path.Combine(folder, "forwarder/Program.cs"), ForwarderOfTheReadme());
        _user.Run(folder, "dotnet", "build", "forwarder", "-c", "Release");
        AssertForwards(folder, "dotnet", "forwarder/bin/Release/net10.0/forwarder.dll");

        // The linker is a package, and so is the runtime that it trims.
        File.Copy(
            Path.Combine(_user.CreateFolder(withOtherSources: true), "NuGet.config"),
            Path.Combine(folder, "NuGet.config"), overwrite: true);
        _user.Run(folder, "dotnet", "publish", "forwarder", "-c", "Release", "-r", "linux-x64", "--self-contained",
            "-p:PublishTrimmed=true", "-p:TrimmerSingleWarn=false", "-o", "trimmed");
        AssertForwards(folder, "trimmed/forwarder");
    }

    [SkippableFact]
    public void AFileForwardsAsItIsAndNative()
    {
        string folder = _user.CreateFolder(withOtherSources: true);
        File.WriteAllText(
            Path.Combine(folder, "forwarder.cs"),
            $"#:package Ixy.Simulation@{Releases.Version}\n{ForwarderOfTheReadme()}");
        _user.Run(folder, "dotnet", "build", "forwarder.cs", "-o", "built");
        AssertForwards(folder, "dotnet", "built/forwarder.dll");
        // For a single-file program, native is the default.
        _user.Run(folder, "dotnet", "publish", "forwarder.cs", "-o", "native", "-p:TrimmerSingleWarn=false");
        AssertForwards(folder, "native/forwarder");
        Assert.False(File.Exists(Path.Combine(folder, "native/forwarder.dll")));
    }

    [SkippableTheory]
    [MemberData(nameof(Programs))]
    public void TheProgramInAReadmeRuns(string library, int index)
    {
        string folder = _user.CreateFolder(withOtherSources: true);
        File.WriteAllText(Path.Combine(folder, "program.cs"), ProgramsOf(library)[index]);
        using var run = _user.Start(folder, "dotnet", "run", "program.cs");
        int exitCode = run.WaitForExit(IxyProcess.BuildLimit);
        var (code, expected) = (library, index) switch
        {
            ("Ixy.Vfio", 0) => (2, "^usage: identify.cs ADDRESS"),
            ("Ixy", 0) => (2, "^usage: forward.cs DEVICE DEVICE"),
            ("Ixy.Hosting", 0) => (0, "^1234:add0 says 42\n$"),
            ("Ixy.Captures", 0) => (0, "^0 s: 60 bytes\n1 s: 60 bytes\n2 s: 60 bytes\n$"),
            ("Ixy.Setup", 0) => (0, "^"),
            ("Ixy.Simulation", 0) => (0, "^the first frame has 60 bytes\n$"),
            ("Ixy.Simulation", 1) => (0, @"^(99|100|101) packets in 10 ms, with \d+\.\d\d\d ms on the clock\n$"),
            _ => (0, "it is not known what it does"),
        };
        Assert.True(exitCode == code, run.Output + run.Error);
        Assert.Matches(expected, run.Output + run.Error);
    }

    // Neither name is a valid C# identifier.
    [SkippableFact]
    public void TheForwarderOfTheTemplateForwards()
    {
        string folder = _user.CreateFolder(withOtherSources: false);
        Create(folder, "ixy-app", "my-forwarder");
        _user.Run(folder, "dotnet", "build", "my-forwarder", "-c", "Release", "-warnaserror");
        AssertForwards(folder, "dotnet", "my-forwarder/bin/Release/net10.0/my-forwarder.dll");
    }

    [SkippableFact]
    public void TheDriverOfTheTemplateIsBuiltAndItsTestsPass()
    {
        // The test framework is not part of ixy.
        string folder = _user.CreateFolder(withOtherSources: true);
        Create(folder, "ixy-driver", "my-driver");
        _user.Run(folder, "dotnet", "build", "my-driver", "-warnaserror");
        Assert.Matches(
            @"Passed! +- Failed: +0, Passed: +5, Skipped: +0, Total: +5, .*my-driver\.Tests\.dll",
            _user.Run(folder, "dotnet", "test", "my-driver", "--no-build"));
    }

    [SkippableFact]
    public void TheCommandIsInstalledAndForwards()
    {
        string folder = _user.CreateFolder(withOtherSources: false);
        _user.Run(folder, "dotnet", "tool", "install", "--global", "Ixy.Cli");
        string ixy = Path.Combine(_user.Home, ".dotnet/tools/ixy");
        Assert.Equal($"{Releases.Version}\n", _user.Run(folder, ixy, "--version"));
        string output = _user.Run(folder, ixy, "fwd", Left, Right, "--duration", "1s", "--json");
        AssertForwarded(output);
        // sudo does not search that directory. The shell found the command in PATH, or was given its path.
        foreach (string[] start in (string[][])[[ixy], ["env", $"PATH={Path.GetDirectoryName(ixy)}:/usr/bin", "ixy"]])
        {
            using var refused = _user.Start(folder, start[0], [.. start[1..], "fwd", Left, Right, "--batch", "0"]);
            Assert.Equal(2, refused.WaitForExit());
            Assert.EndsWith($"(see {ixy} fwd --help)\n", refused.Error);
        }
        // If there is a native build for this machine, that is the one installed.
        string tools = Path.Combine(_user.Home, ".dotnet/tools");
        Assert.Empty(Directory.GetFiles(tools, "Ixy.Cli.dll", SearchOption.AllDirectories));
    }

    /// <summary>Where there is no native build, as on Arm, the command runs on .NET.</summary>
    [SkippableFact]
    public void TheCommandForOtherMachinesForwardsToo()
    {
        string folder = _user.CreateFolder(withOtherSources: false);
        System.IO.Compression.ZipFile.ExtractToDirectory(
            Path.Combine(Releases.Packages, $"Ixy.Cli.any.{Releases.Version}.nupkg"), Path.Combine(folder, "any"));
        string output = _user.Run(
            folder, "dotnet", "any/tools/net10.0/any/Ixy.Cli.dll", "fwd", Left, Right, "--duration", "1s", "--json");
        AssertForwarded(output);
    }

    [Fact]
    public void NoTestHasWhatAnotherHasInstalled()
    {
        string[] installed = [".nuget/packages/ixy.vfio", ".nuget/packages/ixy", ".dotnet/tools/.store/ixy.cli"];
        foreach (string folder in installed) Directory.CreateDirectory(Path.Combine(_user.Home, folder));
        string other = Path.Combine(_user.Home, ".nuget/packages/xunit.of.nobody");
        Directory.CreateDirectory(other);
        _ = new NewUserTests(_user);
        Assert.All(installed, folder => Assert.False(Directory.Exists(Path.Combine(_user.Home, folder)), folder));
        // The compiler need not be fetched twice.
        Assert.True(Directory.Exists(other));
    }

    // Templates go into a folder of their own: to install them twice in one, as two tests would, is an error.
    private void Create(string folder, string template, string name)
    {
        string[] hive = ["--debug:custom-hive", Path.Combine(folder, "templates")];
        string package = Path.Combine(Releases.Packages, $"Ixy.Templates.{Releases.Version}.nupkg");
        _user.Run(folder, "dotnet", ["new", "install", package, .. hive]);
        _user.Run(folder, "dotnet", ["new", template, "--output", name, .. hive]);
    }

    private static void AssertForwarded(string output)
    {
        var report = JsonReport.Of((0, output, ""));
        report.AssertSound();
        Assert.All([0, 1], i => Assert.InRange(report.Device(i).Number("txPackets"), 1, long.MaxValue));
    }

    private void AssertForwards(string folder, params string[] command)
    {
        string program = command[0] == "dotnet" ? command[0] : Path.Combine(folder, command[0]);
        using var run = _user.Start(folder, program, [.. command[1..], Left, Right]);
        run.WaitForOutput("Mpps\n");
        run.Signal(PosixSignal.SIGINT);
        Assert.Equal((0, ""), (run.WaitForExit(), run.Error));
        Assert.Matches(
            "\n[1-9][0-9]* packets forwarded, 0 dropped as unsendable, [0-9]+ dropped on full rings\n$", run.Output);
    }

    // Its first line refers to a project in the repository.
    private static string ForwarderOfTheReadme() =>
        Program().Match(Read("README.md")).Groups[1].Value.Split('\n', 2)[1];

    private static string[] ProgramsOf(string library) =>
        [.. Program().Matches(Read($"src/{library}/PACKAGE.md")).Select(match => match.Groups[1].Value)];

    private static string Read(string path) => File.ReadAllText(Path.Combine(Checkout.Root, path));

    [GeneratedRegex("```csharp\n(#:.*?)```", RegexOptions.Singleline)]
    private static partial Regex Program();
}
