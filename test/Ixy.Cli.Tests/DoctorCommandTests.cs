using System.Text.Json;
using System.Text.RegularExpressions;
using Ixy.Cli.Output;
using Ixy.Setup;
using Ixy.Setup.Examination;
using Ixy.Vfio;

namespace Ixy.Cli.Tests;

/// <summary><c>ixy doctor</c>: what it prints, and its exit codes.</summary>
public sealed class DoctorCommandTests
{
    private const string Card = "0000:03:00.0", Unknown = "0000:04:00.0";
    private const int Widest = 100, LinesOfAScreen = 50;

    [Fact]
    public void HelpSaysWhatVerdictsAndExitCodesMean()
    {
        var (exitCode, output, error) = IxyProcess.Run("doctor", "--help");
        Assert.Equal((0, ""), (exitCode, error));
        Assert.All(
            new[] { "ixy doctor [<ADDR>]", "--json", "problem", "Exit code:", "on one card at least", "simulated ones" },
            part => Assert.Contains(part, output));
        Assert.Contains("doctor", IxyProcess.Run("--help").Output);
    }

    [Theory]
    [InlineData("'eth0' is not a PCI address: expected one like 0000:03:00.0", "doctor", "eth0")]
    [InlineData("'--jason'", "doctor", Card, "--jason")]
    [InlineData("'x'", "doctor", Card, "x")]
    public void ACommandLineThatMakesNoSenseGetsOneLineAndCodeTwo(string contains, params string[] arguments) =>
        IxyProcess.AssertOneLine(IxyProcess.Run(arguments), exitCode: 2, contains);

    [SkippableFact]
    [Trait("needs", "root")]
    public void WhatIsNoNetworkCardGetsOneLine()
    {
        using var functions = new FakeSysfs();
        functions.Add(Card, classCode: 0x010600);
        IxyProcess.AssertOneLine(
            functions.RunIxy(asNobody: false, "doctor", Card), 1,
            $"{Card} is not a network card: its PCI class is 010600");
        IxyProcess.AssertOneLine(
            functions.RunIxy(asNobody: false, "doctor", Unknown), 1, $"there is no PCI function {Unknown}");
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void WithoutACardOfItsOwnAMachineHasSimulatedOnes()
    {
        using var functions = new FakeSysfs();
        functions.Add(Unknown, deviceId: 0x10D3);
        var (exitCode, output, error) = functions.RunIxy(asNobody: true, "doctor");
        Assert.Equal((0, ""), (exitCode, error));
        AssertFitsAScreen(output);
        // Some machines know the card's name (pci.ids); the text then takes two lines.
        string words = Regex.Replace(output, @"\s+", " ");
        Assert.Matches("note card .*(8086:10d3|82574L Gigabit).*: there is no driver for it here", words);
        Assert.Contains("\nthere is no card here that ixy can drive: 'ixy fwd' would run on simulated ones", output);
        // A user who names a card wants that card.
        Assert.Equal(1, functions.RunIxy(asNobody: true, "doctor", Unknown).ExitCode);
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void TheCureOfACardOfTheKernelIsNamed()
    {
        using var functions = new FakeSysfs();
        functions.Add(Card);
        functions.HoldByKernel(Card, "e1000e");
        var (exitCode, output, error) = functions.RunIxy(asNobody: true, "doctor", Card);
        Assert.Equal((1, ""), (exitCode, error));
        AssertFitsAScreen(output);
        Assert.Contains(
            $"""
            problem  driver         the kernel has it (e1000e): user space cannot
                                    $ sudo ixy bind {Card} --driver none

            """, output);
        Assert.Matches(@"(?m)^problem  rights         not root", output);
        Assert.EndsWith($"\nnot ready: what is marked as a problem keeps 'ixy fwd' from running on {Card}\n", output);

        var (code, json, _) = functions.RunIxy(asNobody: true, "doctor", Card, "--json");
        var report = JsonDocument.Parse(json).RootElement;
        Assert.Equal((1, "doctor", Card, false),
            (code, report.GetProperty("command").GetString(), report.GetProperty("address").GetString(),
            report.GetProperty("ready").GetBoolean()));
        var driver = Assert.Single(report.Device(0).GetProperty("findings").EnumerateArray(),
            finding => finding.GetProperty("check").GetString() == "driver");
        Assert.Equal(("problem", $"sudo ixy bind {Card} --driver none"),
            (driver.GetProperty("verdict").GetString(), driver.GetProperty("cure").GetString()));
        Assert.False(report.GetProperty("machine").GetProperty("root").GetBoolean());
    }

    [Fact]
    public void AReadyCardIsNamedInTheLastLine()
    {
        using var sysfs = new FakeSysfs();
        using var machine = new FakeMachine();
        var kernel = new FakeKernel(sysfs);
        sysfs.Add(Card);
        sysfs.Add(Unknown, deviceId: 0x10D3);
        var report = new Examiner(kernel, machine.Files, new() { FindDriver = NetworkDevice.FindDriver }).Examine(null);
        string output = Print(report, null);
        AssertFitsAScreen(output);
        Assert.EndsWith($"\nready: 'ixy fwd' would run on {Card}\n", output);
        // For one card among many, only what matters is shown.
        Assert.DoesNotContain("nobody uses it", output);
        Assert.True(PciAddress.TryParse(Card, out var address));
        Assert.Contains("nobody uses it", Print(report, address));
    }

    // However long a text and its remedy are.
    [Fact]
    public void TextsAreBrokenAndCuresAreNot()
    {
        string cure = $"echo {new string('x', 120)}";
        var finding = new Finding("huge pages", Verdict.Problem, string.Join(' ', Enumerable.Repeat("word", 40)), cure);
        using var machine = new FakeMachine();
        var report = new DoctorReport(FactsReader.Read(machine.Files), [finding], [], false, []);
        string[] lines = Print(report, null).Split('\n');
        Assert.StartsWith("problem  huge pages     word word", lines[0]);
        Assert.StartsWith("                        word", lines[1]);
        Assert.Contains($"                        $ {cure}", lines);
        Assert.All(lines.Where(line => !line.Contains('$')), line => Assert.InRange(line.Length, 0, Widest));
    }

    private static string Print(DoctorReport report, PciAddress? address)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        DoctorCommand.Print(report, address, new Screen(writer, isRedirected: true));
        return writer.ToString();
    }

    private static void AssertFitsAScreen(string output)
    {
        string[] lines = output.TrimEnd('\n').Split('\n');
        Assert.InRange(lines.Length, 10, LinesOfAScreen);
        Assert.All(lines.Where(line => !line.TrimStart().StartsWith("$ ", StringComparison.Ordinal)),
            line => Assert.InRange(line.Length, 0, Widest));
        Assert.DoesNotContain('\x1b', output);
    }
}
