using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Ixy.Cli.Capture;
using Ixy.Cli.Replay;

namespace Ixy.Cli;

/// <summary>All commands, with their help.</summary>
internal static class Commands
{
    // Not a RootCommand: that one is named after the program file.
    internal static Command Root()
    {
        var fwd = FwdCommand.Create();
        var pktgen = PktgenCommand.Create();
        var pcap = PcapCommand.Create();
        var replay = ReplayCommand.Create();
        var sim = SimCommand.Create();
        var list = ListCommand.Create();
        var bind = BindCommand.Create();
        var unbind = BindCommand.CreateUnbind();
        var hugePages = HugePagesCommand.Create();
        var help = new HelpOption();
        var root = new Command(
            "ixy", Texts.Ixy) { fwd, pktgen, pcap, replay, sim, list, bind, unbind, hugePages, help,
            new VersionOption() };
        var examples = new Dictionary<Command, string>
        {
            [root] = Texts.IxyNotes,
            [fwd] = Texts.FwdNotes,
            [pktgen] = Texts.PktgenNotes,
            [pcap] = Texts.PcapNotes,
            [replay] = Texts.ReplayNotes,
            [sim] = Texts.SimNotes,
            [list] = OperateTexts.ListNotes,
            [bind] = OperateTexts.BindNotes,
            [unbind] = OperateTexts.UnbindNotes,
            [hugePages] = OperateTexts.HugePagesNotes,
        };
        help.Action = new HelpWithNotes((HelpAction)help.Action!, examples);
        return root;
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
