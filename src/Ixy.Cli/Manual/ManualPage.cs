using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Text;

namespace Ixy.Cli.Manual;

/// <summary>The manual page of a command, in the man macros (man(7)).</summary>
internal sealed class ManualPage
{
    private const string ExitCodes = "Exit code:";

    private readonly StringBuilder _page = new();
    private readonly CommandTree _tree;
    private readonly Command _command;

    internal ManualPage(CommandTree tree, Command command, DateOnly date)
    {
        (_tree, _command) = (tree, command);
        string name = NameOf(command), notes = tree.Notes.GetValueOrDefault(command, "");
        // A date must have plain hyphens.
        Line($".TH {Escape(name.ToUpperInvariant())} 1 {date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)} "
            + $"\"ixy {Version}\" \"User Commands\"");
        Section("Name");
        Text($"{name} - {Completion.CommandShape.Brief(command.Description!)}");
        Synopsis();
        Section("Description");
        Text(command.Description!);
        if (command == tree.Root) Commands();
        Arguments();
        Options();
        Notes(notes);
        if (!notes.Contains(ExitCodes, StringComparison.Ordinal)) ExitStatus();
        SeeAlso();
    }

    public override string ToString() => _page.ToString();

    private static string Version => typeof(ManualPage).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    private IEnumerable<Command> Subcommands => _tree.Root.Subcommands.Where(command => !command.Hidden);

    private IEnumerable<Option> AllOptions => _command == _tree.Root ? _command.Options
        : _command.Options.Concat(_tree.Root.Options.Where(option => option.Recursive));

    private string NameOf(Command command) => command == _tree.Root ? command.Name : $"ixy-{command.Name}";

    private void Synopsis()
    {
        Section("Synopsis");
        Line($".B {Escape(NameOf(_command).Replace('-', ' '))}");
        if (_command == _tree.Root) Line(@"\fICOMMAND\fR [\fIOPTIONS\fR]");
        else
        {
            var arguments = _command.Arguments.Select(argument => argument.Arity.MinimumNumberOfValues == 0
                ? $@" [\fI{Escape(argument.Name)}\fR]" : $@" \fI{Escape(argument.Name)}\fR");
            Line($@"{string.Concat(arguments).TrimStart()} [\fIOPTIONS\fR]".TrimStart());
        }
    }

    private void Commands()
    {
        Section("Commands");
        foreach (var command in Subcommands) Item($".B {Escape(command.Name)}", command.Description!);
    }

    private void Arguments()
    {
        if (_command.Arguments.Count == 0) return;
        Section("Arguments");
        foreach (var argument in _command.Arguments) Item($".I {Escape(argument.Name)}", argument.Description ?? "");
    }

    private void Options()
    {
        Section("Options");
        foreach (var option in AllOptions)
        {
            string value = option.HelpName is { } name ? $@" \fI{Escape(name)}\fR" : "";
            string standard = option is { HasDefaultValue: true } && option.ValueType != typeof(bool)
                ? $" Default: {option.GetDefaultValue()}." : "";
            Line(".TP");
            Line($@"\fB{Escape(option.Name)}\fR{value}");
            Text(option.Description + standard);
        }
    }

    // As in help: a line that ends with a colon begins a section, and indented lines stay as they are.
    private void Notes(string notes)
    {
        bool isVerbatim = false, wasBlank = false;
        foreach (string line in notes.TrimEnd().Split('\n'))
        {
            bool isIndented = line.StartsWith("  ", StringComparison.Ordinal);
            // An empty line alone does not end it: another indented line may follow.
            if (isVerbatim && !isIndented && line.Length > 0)
            {
                Line(".fi");
                isVerbatim = false;
            }
            if (isIndented)
            {
                if (!isVerbatim) Line(".nf");
                isVerbatim = true;
                Text(line[2..]);
            }
            else if (line.EndsWith(':') && !line.Contains(' ', StringComparison.Ordinal) || line == ExitCodes)
                Section(line == ExitCodes ? "Exit status" : line.TrimEnd(':'));
            else if (line.Length > 0)
            {
                if (wasBlank) Line(".PP");
                Text(line);
            }
            wasBlank = line.Length == 0;
        }
        if (isVerbatim) Line(".fi");
    }

    private void ExitStatus()
    {
        Section("Exit status");
        Item(".B 0", "Done.");
        Item(".B 1", "It could not be done; standard error says why.");
        Item(".B 2", "The command line is wrong.");
    }

    private void SeeAlso()
    {
        Section("See also");
        var others = Subcommands.Prepend(_tree.Root).Where(command => command != _command).ToList();
        for (int i = 0; i < others.Count; i++)
            Line($".BR {Escape(NameOf(others[i]))} (1){(i < others.Count - 1 ? "," : "")}");
    }

    private void Section(string name) => Line($".SH {Escape(name.ToUpperInvariant())}");

    private void Item(string tag, string text)
    {
        Line(".TP");
        Line(tag);
        Text(text);
    }

    // A line that begins with a full stop or an apostrophe would be a request.
    private void Text(string text)
    {
        string escaped = Escape(text);
        Line(escaped.StartsWith('.') || escaped.StartsWith('\'') ? $@"\&{escaped}" : escaped);
    }

    // A hyphen to type, not a typographic one; and not every formatter reads UTF-8.
    private static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (char letter in text)
        {
            if (letter == '\\') escaped.Append(@"\e");
            else if (letter == '-') escaped.Append(@"\-");
            else if (letter == '\'') escaped.Append(@"\(aq");
            else if (letter < 128) escaped.Append(letter);
            else escaped.Append(CultureInfo.InvariantCulture, $@"\[u{(int)letter:X4}]");
        }
        return escaped.ToString();
    }

    private void Line(string line) => _page.Append(line).Append('\n');
}
