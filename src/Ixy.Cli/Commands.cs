using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Ixy.Cli.Capture;
using Ixy.Cli.Completion;
using Ixy.Cli.Manual;
using Ixy.Cli.Replay;
using Ixy.Cli.Reporting;

namespace Ixy.Cli;

/// <summary>All commands, and what help says about them besides their options.</summary>
/// <param name="Root"><c>ixy</c> itself.</param>
/// <param name="Notes">Notes for each command.</param>
internal sealed record CommandTree(Command Root, IReadOnlyDictionary<Command, string> Notes);

/// <summary>All commands, with their help.</summary>
internal static class Commands
{
    internal static Command Root() => Tree().Root;

    // Not a RootCommand: that is named after the program file.
    internal static CommandTree Tree()
    {
        var fwd = FwdCommand.Create();
        var pktgen = PktgenCommand.Create();
        var pcap = PcapCommand.Create();
        var replay = ReplayCommand.Create();
        var sim = SimCommand.Create();
        var list = ListCommand.Create();
        var doctor = DoctorCommand.Create();
        var bind = BindCommand.Create();
        var unbind = BindCommand.CreateUnbind();
        var hugePages = HugePagesCommand.Create();
        var report = ReportCommand.Create();
        var completion = CompletionCommand.Create();
        var film = FilmCommand.Create();
        var trace = FilmCommand.CreateTrace();
        var help = new HelpOption();
        var root = new Command(
            "ixy", Texts.Ixy) { fwd, pktgen, pcap, replay, sim, film, trace, list, doctor, bind, unbind,
            hugePages, report, completion, ManualCommand.Create(Tree), help, new VersionOption() };
        var notes = new Dictionary<Command, string>
        {
            [root] = Texts.IxyNotes,
            [fwd] = Texts.FwdNotes,
            [pktgen] = Texts.PktgenNotes,
            [pcap] = Texts.PcapNotes,
            [replay] = Texts.ReplayNotes,
            [sim] = Texts.SimNotes,
            [film] = FilmTexts.FilmNotes,
            [trace] = FilmTexts.TraceNotes,
            [list] = OperateTexts.ListNotes,
            [doctor] = OperateTexts.DoctorNotes,
            [bind] = OperateTexts.BindNotes,
            [unbind] = OperateTexts.UnbindNotes,
            [hugePages] = OperateTexts.HugePagesNotes,
            [report] = ReportTexts.Notes,
            [completion] = Texts.CompletionNotes,
        };
        help.Action = new HelpWithNotes((HelpAction)help.Action!, notes);
        return new(root, notes);
    }

    private sealed class HelpWithNotes(HelpAction help, Dictionary<Command, string> notes)
        : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            int result = help.Invoke(parseResult);
            if (notes.TryGetValue(parseResult.CommandResult.Command, out string? text))
                parseResult.InvocationConfiguration.Output.WriteLine(text);
            return result;
        }
    }
}
