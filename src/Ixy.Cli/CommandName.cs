using System.Runtime.CompilerServices;

namespace Ixy.Cli;

/// <summary>What a shell runs this command by, also after <c>sudo</c>: messages name it as it can be typed.</summary>
internal static class CommandName
{
    /// <summary>The launcher's own path, as it was typed.</summary>
    internal const string Variable = "IXY_COMMAND";

    private const string Plain = "ixy";

    // Where sudo looks, whatever the caller's PATH is (secure_path of the distributions' sudoers).
    private const string SudoPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>The name of the command that this process is.</summary>
    internal static string OfThisProcess() => Of(Started(), Environment.GetEnvironmentVariable("PATH"), File.Exists);

    /// <param name="started">How it was started: a path, or a name that was found in PATH; null if unknown.</param>
    /// <param name="path">The PATH of its caller.</param>
    /// <param name="exists">Whether there is such a file.</param>
    internal static string Of(string? started, string? path, Func<string, bool> exists)
    {
        if (string.IsNullOrEmpty(started)) return Plain;
        string? file = started.Contains('/') ? started
            : Folders(path).Select(folder => $"{folder}/{started}").FirstOrDefault(exists);
        if (file is null) return Plain;
        return Folders(SudoPath).Contains(Path.GetDirectoryName(file)) ? Quote(Path.GetFileName(file)) : Quote(file);
    }

    // 'dotnet exec Ixy.Cli.dll', as the launcher runs it, has no name of its own. Of a native program argv[0] is what
    // was typed; the process's path would be that of the store which a tool's link points to.
    private static string? Started()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } launcher) return launcher;
        if (!RuntimeFeature.IsDynamicCodeSupported) return Environment.GetCommandLineArgs()[0];
        return Path.GetFileName(Environment.ProcessPath) is "dotnet" ? null : Environment.ProcessPath;
    }

    private static string[] Folders(string? path) => (path ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);

    // Messages have quotation marks around commands, so there are none in them.
    private static string Quote(string file) => string.Concat(file.Select(
        character => char.IsLetterOrDigit(character) || "/._-+,:@%".Contains(character) ? $"{character}"
            : $"\\{character}"));
}
