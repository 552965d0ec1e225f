using System.Text;

namespace Ixy.Cli.Completion;

/// <summary>A script for bash 4 or later; it needs nothing else, not even bash-completion.</summary>
internal static class BashCompletion
{
    internal static string Script(IReadOnlyList<CommandShape> commands)
    {
        var options = new StringBuilder();
        var values = new StringBuilder();
        var places = new StringBuilder();
        var inner = new StringBuilder();
        foreach (var command in commands)
        {
            if (command.Inner.Count > 0)
                inner.Append($"        {command.Name}) echo '{string.Join(' ', command.Inner)}' ;;\n");
            options.Append($"        {command.Name}) echo '{string.Join(' ', command.Options.Select(o => o.Name))}' ;;\n");
            foreach (var option in command.Options)
            {
                if (option.Value is { } value)
                    values.Append($"        '{command.Name} {option.Name}') echo '{Kind(value)}' ;;\n");
            }
            for (int i = 0; i < command.Arguments.Count; i++)
            {
                string place = command.Arguments[i].Repeats ? $"'{command.Name} '*" : $"'{command.Name} {i}'";
                places.Append($"        {place}) echo '{Kind(command.Arguments[i].Value)}' ;;\n");
            }
        }
        return $$"""
            # Completion of ixy's command lines in bash. To have it in every shell, add this to ~/.bashrc:
            #     source <(ixy completion bash)

            _ixy_addresses() {
                local entry class
                for entry in /sys/bus/pci/devices/*; do
                    { read -r class < "$entry/class"; } 2> /dev/null || continue
                    # PCI class 02: network cards.
                    [[ $class != 0x02* ]] || echo "${entry##*/}"
                done
            }

            # What a command runs, behind --; nothing: no other command.
            _ixy_inner() {
                case $1 in
            {{inner.ToString().TrimEnd('\n')}}
                esac
            }

            # The options of a command.
            _ixy_options() {
                case $1 in
            {{options.ToString().TrimEnd('\n')}}
                esac
            }

            # What follows an option of a command; nothing: it stands alone.
            _ixy_value() {
                case "$1 $2" in
            {{values.ToString().TrimEnd('\n')}}
                esac
            }

            # What stands in a place behind a command.
            _ixy_place() {
                case "$1 $2" in
            {{places.ToString().TrimEnd('\n')}}
                esac
            }

            # Whatever of a kind begins with a word.
            _ixy_candidates() {
                case $1 in
                    file) compgen -f -- "$2" ;;
                    address) compgen -W "$(_ixy_addresses)" -- "$2" ;;
                    device*) compgen -W "$(_ixy_addresses) {{string.Join(' ', CompletionCommand.Devices)}}" -- "$2" ;;
                    words:*) compgen -W "${1#words:}" -- "$2" ;;
                esac
            }

            _ixy() {
                # Bash breaks words at colons and equals signs, too, which devices have in them.
                local line=${COMP_LINE:0:COMP_POINT} words current command='' place=0 kind='' candidates cut='' i
                local names='{{string.Join(' ', commands.Select(command => command.Name))}} --help --version'
                read -ra words <<< "$line"
                [[ $line != *[[:space:]] ]] || words+=('')
                current=${words[-1]}
                for ((i = 1; i < ${#words[@]} - 1; i++)); do
                    if [[ ${words[i]} == -- && -n $(_ixy_inner "$command") ]]; then
                        names=$(_ixy_inner "$command") command='' place=0
                    elif [[ -z $command ]]; then command=${words[i]}
                    elif [[ -n $(_ixy_value "$command" "${words[i]}") ]]; then ((++i))
                    elif [[ ${words[i]} != -?* ]]; then ((++place))
                    fi
                done
                if [[ -z $command ]]; then kind="words:$names"
                else
                    kind=$(_ixy_value "$command" "${words[-2]}")
                    if [[ -n $kind ]]; then :
                    elif [[ $current == -?* ]]; then kind="words:$(_ixy_options "$command")"
                    else kind=$(_ixy_place "$command" "$place")
                    fi
                fi
                mapfile -t candidates < <(_ixy_candidates "$kind" "$current")
                if [[ ${#candidates[@]} -eq 0 && $kind == *file ]]; then
                    mapfile -t candidates < <(compgen -f -- "$current")
                fi
                if [[ $kind == file ]] || [[ $kind == *file && -n ${candidates[0]-} && -e ${candidates[0]} ]]; then
                    compopt -o filenames 2> /dev/null
                fi
                # What stands before the last break is not to be said again.
                if [[ $COMP_WORDBREAKS == *:* && $current == *:* ]]; then cut=${current%"${current##*:}"}; fi
                if [[ $COMP_WORDBREAKS == *=* && ${current#"$cut"} == *=* ]]; then cut=${current%"${current##*=}"}; fi
                COMPREPLY=("${candidates[@]#"$cut"}")
                [[ ${candidates[0]-} != *[:=] ]] || compopt -o nospace 2> /dev/null
            }

            complete -F _ixy ixy

            """;
    }

    private static string Kind(ValueShape value) => value.Kind switch
    {
        ValueKind.Words => $"words:{string.Join(' ', value.Words)}",
        ValueKind.Inner => "words:--",
        ValueKind.File => "file",
        ValueKind.Address => "address",
        ValueKind.Device => "device",
        ValueKind.DeviceOrFile => "device-or-file",
        _ => "anything",
    };
}
