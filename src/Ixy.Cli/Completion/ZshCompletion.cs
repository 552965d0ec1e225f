using System.Text;

namespace Ixy.Cli.Completion;

/// <summary>A script for zsh.</summary>
internal static class ZshCompletion
{
    internal static string Script(IReadOnlyList<CommandShape> commands)
    {
        var names = new StringBuilder();
        var cases = new StringBuilder();
        var inner = new StringBuilder();
        foreach (var command in commands)
        {
            if (command.Inner.Count > 0)
                inner.Append($"        {command.Name}) _ixy_inner {string.Join(' ', command.Inner)} && return ;;\n");
            names.Append($"            {Quote($"{command.Name}:{CommandShape.Brief(command.Description)}")}\n");
            var specs = command.Options.Select(Spec).Concat(command.Arguments.Select(Spec));
            cases.Append($"        {command.Name}) _arguments {string.Join(" \\\n            ", specs.Select(Quote))} ;;\n");
        }
        return $$"""
            #compdef ixy
            # Completion of ixy's command lines in zsh. To have it in every shell, save this as a file _ixy in a folder
            # of $fpath, or add this to ~/.zshrc, behind compinit:
            #     source <(ixy completion zsh)

            _ixy_addresses() {
                local entry class
                for entry in /sys/bus/pci/devices/*(N); do
                    read -r class < $entry/class || continue
                    # PCI class 02: network cards.
                    [[ $class != 0x02* ]] || print -r -- ${entry:t}
                done 2> /dev/null
            }

            _ixy_address() {
                compadd -- ${(f)"$(_ixy_addresses)"}
            }

            _ixy_device() {
                compadd -- ${(f)"$(_ixy_addresses)"} {{string.Join(' ', CompletionCommand.Devices)}}
            }

            _ixy_device_or_file() {
                _ixy_device
                _files
            }

            # The line behind --, of one of these commands; false: it is not there yet.
            _ixy_inner() {
                (( at < CURRENT )) || return
                words=(ixy "${(@)words[at+1,-1]}")
                (( CURRENT -= at - 1 ))
                if (( CURRENT == 2 )); then compadd -- $@; else _ixy; fi
                return 0
            }

            _ixy() {
                # Behind -- the line of another command begins.
                local at=${words[(i)--]}
                case $words[2] in
            {{inner.ToString().TrimEnd('\n')}}
                esac
                if (( CURRENT == 2 )); then
                    local -a commands
                    commands=(
            {{names.ToString().TrimEnd('\n')}}
                    )
                    _describe command commands
                    compadd -- --help --version
                    return
                fi
                local command=$words[2]
                shift words
                (( CURRENT-- ))
                case $command in
            {{cases.ToString().TrimEnd('\n')}}
                esac
            }

            if [[ $funcstack[1] == _ixy ]]; then _ixy "$@"; else compdef _ixy ixy; fi

            """;
    }

    private static string Spec(OptionShape option) =>
        $"{option.Name}[{Escape(CommandShape.Brief(option.Description))}]" + (option.Value is { } value ? Action(value)
            : "");

    private static string Spec(ArgumentShape argument, int index) =>
        (argument.Repeats ? "*" : $"{index + 1}") + Action(argument.Value);

    // A space stands for "nothing to offer".
    private static string Action(ValueShape value) => $":{Escape(value.Name)}:" + value.Kind switch
    {
        ValueKind.Words => $"({string.Join(' ', value.Words.Select(Escape))})",
        ValueKind.File => "_files",
        ValueKind.Address => "_ixy_address",
        ValueKind.Device => "_ixy_device",
        ValueKind.DeviceOrFile => "_ixy_device_or_file",
        ValueKind.Inner => "(--)",
        _ => " ",
    };

    // Characters that have a special meaning there.
    private static string Escape(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal)
            .Replace("]", "\\]", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal);

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
