using System.CommandLine;

namespace Ixy.Cli.Completion;

/// <summary><c>ixy completion SHELL</c>: lets a shell complete ixy's command lines.</summary>
internal static class CompletionCommand
{
    /// <summary>Words that may start a device, besides the addresses of this machine's cards.</summary>
    internal static readonly string[] Devices =
    [
        "sim:ixgbe,wire=generator", "sim:ixgbe,wire=loopback", "sim:virtio,wire=generator",
        "sim:virtio,wire=loopback", "sim:virtio-legacy,wire=generator", "vfio-user:",
    ];

    private static readonly Dictionary<string, Func<IReadOnlyList<CommandShape>, string>> s_shells = new()
    {
        ["bash"] = BashCompletion.Script,
        ["zsh"] = ZshCompletion.Script,
        ["fish"] = FishCompletion.Script,
    };

    internal static Command Create()
    {
        var shell = new Argument<string>("SHELL")
        {
            Description = Texts.Shell,
            CustomParser = result =>
            {
                string name = result.Tokens[0].Value;
                if (!s_shells.ContainsKey(name))
                    result.AddError($"'{name}' is not a shell that is known here: expected bash, zsh or fish");
                return name;
            },
        };
        shell.CompletionSources.Add([.. s_shells.Keys]);
        var command = new Command("completion", Texts.Completion) { shell };
        command.SetAction(parsed => Console.Out.Write(
            s_shells[parsed.GetRequiredValue(shell)](CommandShape.AllOf(parsed.RootCommandResult.Command))));
        return command;
    }
}
