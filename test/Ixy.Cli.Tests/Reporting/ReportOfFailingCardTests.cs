using System.Text.Json.Nodes;
using Ixy.Cli.Tests.Output;

namespace Ixy.Cli.Tests.Reporting;

/// <summary>
/// <c>ixy report</c> of a card that fails once its driver has started, which is what the command is for.
/// </summary>
public sealed class ReportOfFailingCardTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-report-");

    private string Path => System.IO.Path.Combine(_directory.FullName, "report.json");

    // Starting takes a tenth of that time. Without a cable, the wait for the link lasts until the card is gone.
    [Theory]
    [InlineData("sim:ixgbe,fault=gone@1500ms", "RDT[0]")]
    [InlineData("sim:ixgbe,model=x550,fault=gone@1500ms", "RDT[0]")]
    [InlineData("sim:virtio,fault=no-link+gone@1500ms", "device_status")]
    [InlineData("sim:virtio-legacy,fault=no-link+gone@1500ms", "queue_notify")]
    public void ACardThatGoesWhileItsLinkIsAwaitedKeepsItsReport(string card, string register)
    {
        var (report, error) = Report(card, "--link-time", "30s", "--duration", "50ms");
        Assert.True((bool)report["setUp"]!["succeeded"]!);
        Assert.Contains(
            report["setUp"]!["trace"]!.AsArray(), line => ((string)line!).Contains(register, StringComparison.Ordinal));
        Assert.NotEmpty(report["device"]!["configuration"]!.AsArray());
        Assert.Null(report["link"]);
        Assert.Contains("no longer answers", ErrorOf(report, "link"));
        Assert.Contains($"ixy: link: {ErrorOf(report, "link")}", error);
        Assert.Contains("no longer answers", (string)report["traffic"]!["error"]!);
        Assert.Null(report["traffic"]!["statistics"]);
        Assert.NotNull(report["traffic"]!["faults"]);
        // Values of an 82599 that is gone are not made up, such as that its EEPROM needs to be reprogrammed.
        if (!card.StartsWith("sim:ixgbe,fault", StringComparison.Ordinal)) return;
        Assert.Null(report["setUp"]!["hasMacAddress"]);
        Assert.Contains("no longer answers", ErrorOf(report, "setUp.hasMacAddress"));
        Assert.Null(report["setUp"]!["eepromError"]);
        Assert.Contains("no longer answers", ErrorOf(report, "setUp.eepromError"));
    }

    [Theory]
    [InlineData("sim:ixgbe,wire=generator,fault=gone@1500ms")]
    [InlineData("sim:virtio,wire=generator,fault=gone@1500ms")]
    public void ACardThatGoesWhileItCountsKeepsItsReport(string card)
    {
        var (report, error) = Report(card, "--duration", "2500ms");
        Assert.True((bool)report["link"]!["isUp"]!);
        Assert.Empty(report["errors"]!.AsArray());
        Assert.Contains("no longer answers", (string)report["traffic"]!["error"]!);
        Assert.Contains($"ixy: traffic: {(string)report["traffic"]!["error"]!}", error);
    }

    // The server is a separate process: it dies, as a card would be unplugged.
    [Fact]
    public void ACardWhoseServerDiesKeepsItsReport()
    {
        string socket = System.IO.Path.Combine(_directory.FullName, "card"), trace = $"{socket}.trace";
        using var server = IxyProcess.Start("sim", "ixgbe", "--socket", socket, "--trace", trace);
        server.WaitForOutput("waiting for a client");
        using var ixy = IxyProcess.Start(
            "report", $"vfio-user:{socket}", "--output", Path, "--link-time", "30s", "--duration", "50ms");
        server.WaitForOutput("a client has connected");
        Assert.True(SpinWait.SpinUntil(
            () => File.ReadAllText(trace).Contains(" LINKS", StringComparison.Ordinal), TimeSpan.FromSeconds(20)));
        server.Kill();
        Assert.True(ixy.WaitForExit() == 0, ixy.Error);
        var report = Read();
        Assert.True((bool)report["setUp"]!["succeeded"]!);
        Assert.NotEmpty(ErrorOf(report, "link"));
        Assert.NotEmpty(ErrorOf(report, "setUp.hasMacAddress"));
    }

    // Whatever goes wrong with a card, and whenever, there is a report.
    [Theory]
    [Trait("needs", "time")]
    [MemberData(nameof(Faults))]
    public void EveryFaultIsReported(string card, string fault) =>
        Report($"{card},wire=generator,rate=1kpps,fault={fault}@100ms", "--link-time", "300ms", "--duration", "200ms");

    public static TheoryData<string, string> Faults()
    {
        var all = new TheoryData<string, string>();
        foreach (var fault in Ixy.Simulation.CardFault.All.Where(fault => fault.Needs is null))
        {
            foreach (string card in fault.Cards) all.Add($"sim:{card}", fault.Name);
        }
        return all;
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private (JsonNode Report, string Error) Report(string card, params string[] options)
    {
        var (exitCode, _, error) = IxyProcess.Run(["report", card, "--output", Path, .. options]);
        Assert.True(exitCode == 0, error);
        return (Read(), error);
    }

    private JsonNode Read()
    {
        string text = File.ReadAllText(Path);
        JsonSchemas.AssertFits("report", text);
        return JsonNode.Parse(text)!;
    }

    private static string ErrorOf(JsonNode report, string part) =>
        (string)Assert.Single(report["errors"]!.AsArray(), error => (string)error!["part"]! == part)!["error"]!;
}
