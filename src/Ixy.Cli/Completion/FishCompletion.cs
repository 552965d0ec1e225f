using System.Text;

namespace Ixy.Cli.Completion;

/// <summary>A script for fish.</summary>
internal static class FishCompletion
{
    internal static string Script(IReadOnlyList<CommandShape> commands)
    {
        var lines = new StringBuilder();
        foreach (var command in commands)
        {
            lines.Append($"complete -c ixy -n __fish_use_subcommand -a {command.Name} -d {Brief(command.Description)}\n");
            string line = $"complete -c ixy -n '__fish_seen_subcommand_from {command.Name}'";
            foreach (var option in command.Options)
            {
                string value = option.Value is { } taken ? $" -r {Action(taken)}" : "";
                lines.Append($"{line} -l {option.Name.TrimStart('-')}{value} -d {Brief(option.Description)}\n");
            }
            if (command.Inner.Count > 0)
                lines.Append($"{line} -a '(__ixy_inner {string.Join(' ', command.Inner)})'\n");
            foreach (var argument in command.Arguments)
                lines.Append($"{line} {Action(argument.Value)}\n");
        }
        return $$"""
            # Completion of ixy's command lines in fish. To have it in every shell:
            #     ixy completion fish > ~/.config/fish/completions/ixy.fish

            function __ixy_addresses
                for entry in /sys/bus/pci/devices/*
                    # PCI class 02: network cards.
                    if string match -q '0x02*' (cat $entry/class 2> /dev/null)
                        basename $entry
                    end
                end
            end

            function __ixy_devices
                __ixy_addresses
                printf '%s\n' {{string.Join(' ', CompletionCommand.Devices)}}
            end

            # The line behind --, of one of these commands, or what begins it.
            function __ixy_inner
                set -l words (commandline -opc)
                if not set -l at (contains -i -- -- $words)
                    echo --
                else if test $at -eq (count $words)
                    printf '%s\n' $argv
                else
                    complete -C "ixy "(string join ' ' -- (string escape -- $words[(math $at + 1)..]) (commandline -ct))
                end
            end

            complete -c ixy -f
            complete -c ixy -n __fish_use_subcommand -l help -d 'Shows help'
            complete -c ixy -n __fish_use_subcommand -l version -d 'Shows the version'
            {{lines}}
            """;
    }

    private static string Action(ValueShape value) => value.Kind switch
    {
        ValueKind.Words => $"-f -a {Quote(string.Join(' ', value.Words))}",
        ValueKind.File => "-F",
        ValueKind.Address => "-f -a '(__ixy_addresses)'",
        ValueKind.Inner => "-f",
        ValueKind.Device => "-f -a '(__ixy_devices)'",
        ValueKind.DeviceOrFile => "-F -a '(__ixy_devices)'",
        _ => "-f",
    };

    private static string Brief(string text) => Quote(CommandShape.Brief(text));

    private static string Quote(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}
