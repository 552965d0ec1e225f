using System.Text.Json;
using Ixy.Setup;

namespace Ixy.Cli.Tests;

/// <summary>
/// <c>ixy list</c>, <c>bind</c>, <c>unbind</c> and <c>hugepages</c>, as far as they change nothing on this machine.
/// </summary>
public sealed class OperateCommandTests
{
    private const string Card = "0000:03:00.0", Other = "0000:04:00.0";

    [Theory]
    [InlineData("list", "--json", "in use")]
    [InlineData("bind", "<ADDR>", "--driver", "--force", "--persist", "--json", "[default: vfio-pci]", "modprobe")]
    [InlineData("unbind", "<ADDR>", "--force", "--persist", "--json", "/run/ixy/drivers")]
    [InlineData("hugepages", "--reserve", "--size", "--node", "--persist", "--json")]
    public void HelpNamesTheOptions(string command, params string[] parts)
    {
        var (exitCode, output, error) = IxyProcess.Run(command, "--help");
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains($"ixy {command}", output);
        Assert.All(parts, part => Assert.Contains(part, output));
        Assert.Contains(command, IxyProcess.Run("--help").Output);
    }

    [Theory]
    [InlineData("'x'", "list", "x")]
    [InlineData("'bind'", "bind")]
    [InlineData(
        "'eth0' is not a PCI address: expected one like 0000:03:00.0, as 'ixy list' shows them", "bind", "eth0")]
    [InlineData("'eth0' is not a PCI address", "unbind", "eth0")]
    [InlineData("'--forse'", "unbind", Card, "--forse")]
    [InlineData("--driver", "bind", Card, "--driver")]
    [InlineData("--reserve: 'many'", "hugepages", "--reserve", "many")]
    [InlineData("--reserve: '-1'", "hugepages", "--reserve", "-1")]
    [InlineData(
        "--size: '4M' is not a length of huge pages: expected 2M or 1G", "hugepages", "--reserve", "1", "--size", "4M")]
    [InlineData("expected --reserve as well", "hugepages", "--size", "1G")]
    [InlineData("expected --reserve as well", "hugepages", "--node", "0")]
    [InlineData("--persist keeps a reservation: expected --reserve as well", "hugepages", "--persist")]
    public void ACommandLineThatMakesNoSenseGetsOneLineAndCodeTwo(string contains, params string[] arguments) =>
        IxyProcess.AssertOneLine(IxyProcess.Run(arguments), exitCode: 2, contains);

    [SkippableFact]
    [Trait("needs", "root")]
    public void CardsAreListedInAlignedColumns()
    {
        using var functions = MachineWithTwoCards();
        var (exitCode, output, error) = functions.RunIxy(asNobody: true, "list");
        Assert.Equal((0, ""), (exitCode, error));
        string[] lines = output.TrimEnd('\n').Split('\n');
        Assert.StartsWith("address       card", lines[0]);
        Assert.Equal(
            lines[0].IndexOf("driver", StringComparison.Ordinal), lines[1].IndexOf("e1000e", StringComparison.Ordinal));
        Assert.Matches(@"^0000:03:00\.0  .+  e1000e +lo +12 +- +ixgbe +lo has the address ", lines[1]);
        Assert.Matches(@"^0000:04:00\.0  .+  - +- +- +1 +- +-$", lines[2]);
        Assert.Equal("processes of other users that drive a card are only seen by root", lines[3]);
        Assert.DoesNotContain('\x1b', output);
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void TheListIsOneObjectWithJson()
    {
        using var functions = MachineWithTwoCards();
        var report = JsonReport.Of(functions.RunIxy(asNobody: false, "list", "--json"));
        Assert.Equal("list", report.GetProperty("command").GetString());
        var card = report.Device(0);
        Assert.Equal(
            (Card, "8086", "10fb", "e1000e"),
            (Text(card, "address"), Text(card, "vendorId"), Text(card, "deviceId"), Text(card, "kernelDriver")));
        Assert.Equal(
            (12, "ixgbe", true),
            (card.Number("iommuGroup"), Text(card, "ixyDriver"), card.GetProperty("inUse").GetBoolean()));
        Assert.StartsWith("lo has the address", Text(card, "use"));
        Assert.Equal("lo", Text(Assert.Single(card.GetProperty("interfaces").EnumerateArray()), "name"));
        Assert.Equal(JsonValueKind.Null, card.GetProperty("numaNode").ValueKind);
        var other = report.Device(1);
        Assert.All(new[] { "kernelDriver", "iommuGroup", "ixyDriver", "use" },
            name => Assert.Equal((name, JsonValueKind.Null), (name, other.GetProperty(name).ValueKind)));
        Assert.Equal(
            (1, false, 2),
            (other.Number("numaNode"), other.GetProperty("inUse").GetBoolean(),
            report.GetProperty("devices").GetArrayLength()));
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void AMachineWithoutCardsSaysSo()
    {
        using var functions = new FakeSysfs();
        functions.Add(Other, classCode: 0x010600);
        Assert.Equal(
            (0, "this machine has no network card on its PCI bus; 'ixy fwd --help' names simulated ones\n", ""),
            functions.RunIxy(asNobody: true, "list"));
        Assert.Empty(
            JsonReport.Of(functions.RunIxy(asNobody: true, "list", "--json")).GetProperty("devices").EnumerateArray());
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void WhatBindAndUnbindRefuseGetsOneLine()
    {
        using var functions = MachineWithTwoCards();
        functions.Add("0000:05:00.0", classCode: 0x010600);
        IxyProcess.AssertOneLine(
            functions.RunIxy(asNobody: false, "bind", "0000:05:00.0", "--force"), 1,
            "0000:05:00.0 is not a network card");
        IxyProcess.AssertOneLine(
            functions.RunIxy(asNobody: false, "bind", Card), 1,
            $"{Card} is the network interface lo, which has the address");
        IxyProcess.AssertOneLine(functions.RunIxy(asNobody: true, "bind", Card), 1, "needs root: run it with sudo");
        IxyProcess.AssertOneLine(functions.RunIxy(asNobody: true, "unbind", Other), 1, "needs root: run it with sudo");
        IxyProcess.AssertOneLine(
            functions.RunIxy(asNobody: true, "bind", Other, "--driver", "../x"), 1, "'../x' is not a kernel driver");
        IxyProcess.AssertOneLine(
            functions.RunIxy(asNobody: true, "bind", "0000:09:00.0"), 1, "there is no PCI function 0000:09:00.0");
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void WhatIsAsItShouldBeNeedsNoRoot()
    {
        using var functions = MachineWithTwoCards();
        Assert.Equal(
            (0, $"{Card} is bound to e1000e, as it was\n", ""), functions.RunIxy(asNobody: true, "unbind", Card));
        var report = JsonReport.Of(functions.RunIxy(asNobody: true, "bind", Card, "--driver", "e1000e", "--json"));
        Assert.Equal(
            ("bind", Card, "e1000e", "e1000e"),
            (Text(report, "command"), Text(report, "address"), Text(report, "before"), Text(report, "after")));
        Assert.Equal((false, 12), (report.GetProperty("changed").GetBoolean(), report.Number("iommuGroup")));
        Assert.Empty(report.GetProperty("warnings").EnumerateArray());
        Assert.Empty(report.GetProperty("loadedModules").EnumerateArray());
    }

    [SkippableFact]
    public void HugePagesAreShownAsTheKernelCountsThem()
    {
        const string Pool = "/sys/kernel/mm/hugepages/hugepages-2048kB";
        Skip.IfNot(Directory.Exists(Pool), "this kernel has no huge pages of 2 MiB");
        var report = JsonReport.Of(IxyProcess.Run("hugepages", "--json"));
        Assert.Equal("hugepages", Text(report, "command"));
        Assert.Equal(JsonValueKind.Null, report.GetProperty("reservation").ValueKind);
        long total = report.GetProperty("pools").EnumerateArray().Where(pool => pool.Number("pageBytes") == 2 << 20)
            .Sum(pool => pool.Number("reserved"));
        Assert.Equal(long.Parse(File.ReadAllText(Path.Combine(Pool, "nr_hugepages"))), total);
        var (exitCode, output, error) = IxyProcess.Run("hugepages");
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Matches(@"^page size +NUMA node +reserved +free\n", output);
        Assert.Contains("\n2 MiB ", output);
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void WhoIsNotRootReservesNoHugePages()
    {
        using var functions = new FakeSysfs();
        IxyProcess.AssertOneLine(
            functions.RunIxy(asNobody: true, "hugepages", "--reserve", "1"), 1,
            "reserving huge pages needs root: run it with sudo");
    }

    [SkippableFact]
    public void ATerminalGetsATableWithLines()
    {
        Skip.IfNot(Tool.Exists("script"), "script is not installed (apt install bsdutils)");
        Skip.If(NetworkController.FindAll().Count == 0, "this machine has no network card on its PCI bus");
        using var terminal = IxyProcess.StartOther(
            "script", "--quiet", "--return", "--command", $"stty cols 200; dotnet exec {IxyProcess.Program} list",
            "/dev/null");
        Assert.Equal(0, terminal.WaitForExit());
        Assert.Contains("╭─", terminal.Output);
        Assert.Matches(@"│ address +│", terminal.Output);
    }

    // An 82599 whose interface is the loopback interface, and an 82574L without a driver.
    private static FakeSysfs MachineWithTwoCards()
    {
        var functions = new FakeSysfs();
        functions.Add(Card);
        functions.AddGroup(12, Card);
        functions.HoldByKernel(Card, "e1000e");
        functions.AddInterface(Card, "lo", flags: 1);
        functions.Add(Other, deviceId: 0x10D3);
        File.WriteAllText(Path.Combine(functions.Root, Other, "numa_node"), "1\n");
        return functions;
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
