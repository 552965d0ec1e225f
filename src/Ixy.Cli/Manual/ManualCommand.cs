using System.CommandLine;
using System.Globalization;

namespace Ixy.Cli.Manual;

/// <summary>
/// <c>ixy man DIRECTORY</c>: writes the manual pages, one for ixy and one for each command. For packagers; help does
/// not list it.
/// </summary>
internal static class ManualCommand
{
    internal static Command Create(Func<CommandTree> tree)
    {
        var directory = new Argument<string>("DIRECTORY") { Description = Texts.ManualDirectory };
        var command = new Command("man", Texts.Manual) { directory };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            string target = parsed.GetRequiredValue(directory);
            Directory.CreateDirectory(target);
            foreach (var (name, text) in Pages(tree(), Date()))
                File.WriteAllText(Path.Combine(target, name), text);
        });
        return command;
    }

    /// <summary>All pages, by file name.</summary>
    internal static IEnumerable<(string Name, string Text)> Pages(CommandTree tree, DateOnly date)
    {
        Command[] commands = [.. tree.Root.Subcommands.Where(command => !command.Hidden)];
        yield return ("ixy.1", new ManualPage(tree, tree.Root, date).ToString());
        foreach (var command in commands)
            yield return ($"ixy-{command.Name}.1", new ManualPage(tree, command, date).ToString());
    }

    // A reproducible build sets the date (reproducible-builds.org).
    private static DateOnly Date() =>
        long.TryParse(Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH"), NumberStyles.None,
            CultureInfo.InvariantCulture, out long seconds)
            ? DateOnly.FromDateTime(DateTime.UnixEpoch.AddSeconds(seconds)) : DateOnly.FromDateTime(DateTime.UtcNow);
}
