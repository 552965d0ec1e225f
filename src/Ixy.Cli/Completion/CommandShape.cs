using System.CommandLine;
using System.CommandLine.Completions;

namespace Ixy.Cli.Completion;

/// <summary>What a shell can offer as a value.</summary>
internal enum ValueKind
{
    /// <summary>Nothing: a number, a name.</summary>
    Anything,

    /// <summary>One of a few words.</summary>
    Words,

    /// <summary>Another command line, behind <c>--</c>.</summary>
    Inner,

    /// <summary>A path.</summary>
    File,

    /// <summary>A PCI address of a network card.</summary>
    Address,

    /// <summary>A real or simulated card.</summary>
    Device,

    /// <summary>Either a card or a path; a list of cards ends with a file.</summary>
    DeviceOrFile,
}

/// <summary>The value of an option or an argument.</summary>
/// <param name="Name">As shown in help.</param>
/// <param name="Kind">What can be offered.</param>
/// <param name="Words">The words to choose from.</param>
internal sealed record ValueShape(string Name, ValueKind Kind, IReadOnlyList<string> Words)
{
    /// <param name="name">As shown in help; it says what the value is.</param>
    /// <param name="sources">Where the words come from.</param>
    internal static ValueShape Of(
        string name, IEnumerable<Func<CompletionContext, IEnumerable<CompletionItem>>> sources)
    {
        string[] words = [.. sources.SelectMany(source => source(CompletionContext.Empty)).Select(word => word.Label)];
        return new(name, words.Length > 0 ? ValueKind.Words : name switch
        {
            "FILE" or "DIRECTORY" or "file" or "path" => ValueKind.File,
            "ADDR" => ValueKind.Address,
            FilmCommand.InnerName => ValueKind.Inner,
            "A" or "B" => ValueKind.Device,
            _ when name.EndsWith(" FILE", StringComparison.Ordinal) => ValueKind.DeviceOrFile,
            _ => ValueKind.Anything,
        }, words);
    }
}

/// <summary>An option of a command.</summary>
/// <param name="Name">With its hyphens.</param>
/// <param name="Description">A sentence or two.</param>
/// <param name="Value">The value after it; null for none.</param>
internal sealed record OptionShape(string Name, string Description, ValueShape? Value);

/// <summary>A positional argument of a command.</summary>
/// <param name="Value">Its value.</param>
/// <param name="Description">A sentence or two.</param>
/// <param name="Repeats">It may be repeated.</param>
internal sealed record ArgumentShape(ValueShape Value, string Description, bool Repeats);

/// <summary>A command as a shell needs to know it.</summary>
internal sealed record CommandShape(
    string Name, string Description, IReadOnlyList<OptionShape> Options, IReadOnlyList<ArgumentShape> Arguments)
{
    /// <summary>The commands that it runs, behind <c>--</c>; none for most.</summary>
    internal IReadOnlyList<string> Inner =>
        Arguments is [{ Value.Kind: ValueKind.Inner }] ? FilmCommand.Inner : [];

    /// <summary>All commands that people type, in the order of the help.</summary>
    internal static IReadOnlyList<CommandShape> AllOf(Command root) =>
        [.. root.Subcommands.Where(command => !command.Hidden).Select(command => Of(command, root))];

    /// <summary>The first sentence of a text, without its full stop: as much as fits in a list.</summary>
    internal static string Brief(string text) => text.Split(". ")[0].TrimEnd('.');

    private static CommandShape Of(Command command, Command root) => new(
        command.Name, command.Description ?? "",
        [.. command.Options.Concat(root.Options.Where(option => option.Recursive)).Select(Of)],
        [.. command.Arguments.Select(argument => new ArgumentShape(
            ValueShape.Of(argument.Name, argument.CompletionSources), argument.Description ?? "",
            argument.Arity.MaximumNumberOfValues > 1))]);

    private static OptionShape Of(Option option) => new(option.Name, option.Description ?? "",
        option.ValueType == typeof(bool) || option.Arity.MaximumNumberOfValues == 0 ? null
            : ValueShape.Of(option.HelpName ?? "", option.CompletionSources));
}
