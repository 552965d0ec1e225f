using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Ixy.Cli.Reporting;

/// <summary>
/// <c>ixy report A</c>: a file with what ixy's authors need to know about a card and a first run on it.
/// </summary>
internal static class ReportCommand
{
    private const string StandardFile = "ixy-report.json", StandardOutput = "-";

    // Quotation marks and arrows are for people to read.
    private static readonly InvestigationJsonContext s_context = new(new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    internal static Command Create()
    {
        var card = CommonOptions.Device("A", Texts.Device);
        var output = new Option<string>("--output")
        {
            Description = ReportTexts.Output,
            HelpName = "file",
            DefaultValueFactory = _ => StandardFile,
        };
        var duration = CommonOptions.Duration(ReportTexts.Duration);
        var link = CommonOptions.WithoutDefault<TimeSpan?>(
            "--link-time", "time", ReportTexts.LinkTime, text => CommonOptions.ParseDuration(text));
        var command = new Command("report", ReportTexts.Report) { card, output, duration, link };
        command.SetAction(parsed => Write(
            parsed.GetRequiredValue(output),
            () => new Investigation(
                parsed.GetRequiredValue(card),
                parsed.GetValue(link) ?? TimeSpan.FromSeconds(10),
                parsed.GetValue(duration) ?? TimeSpan.FromSeconds(1)).Run()));
        return command;
    }

    private static int Write(string path, Func<InvestigationJson> investigate)
    {
        if (path == StandardOutput)
        {
            Console.Out.WriteLine(Serialize(investigate()));
            return 0;
        }
        return FilmCommand.RunInto(path, file =>
        {
            var report = investigate();
            file().WriteLine(Serialize(report));
            Tell(path, report);
            return 0;
        });
    }

    private static string Serialize(InvestigationJson report) =>
        JsonSerializer.Serialize(report, s_context.InvestigationJson);

    private static void Tell(string path, InvestigationJson report)
    {
        if (report.SetUp.Error is { } reason) Console.Error.WriteLine($"ixy: the driver did not start: {reason}");
        else if (report.Link is { IsUp: false }) Console.Error.WriteLine("ixy: there was no link");
        foreach (var (part, error) in report.Errors) Console.Error.WriteLine($"ixy: {part}: {error}");
        if (report.Traffic?.Error is { } ended) Console.Error.WriteLine($"ixy: traffic: {ended}");
        Console.Error.WriteLine($"ixy: {path} is plain text: read it before you give it away. Left out are:");
        foreach (string what in report.LeftOut) Console.Error.WriteLine($"  {what}");
    }
}
