namespace Ixy.Cli;

/// <summary>A program that has to be there at the start of the machine, or nothing comes of what was noted.</summary>
/// <param name="program">Its name.</param>
/// <param name="package">What it is part of.</param>
/// <param name="directories">Where it may be.</param>
internal sealed class Keeper(string program, string package, IEnumerable<string> directories)
{
    // Root's PATH may lack the directories of root's own tools.
    private static readonly string[] s_directories =
        [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries),
            "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>Binds cards to their drivers.</summary>
    internal static Keeper OfDrivers { get; } = new("udevadm", "udev", s_directories);

    /// <summary>Reserves huge pages.</summary>
    internal static Keeper OfPages { get; } = new("systemd-tmpfiles", "systemd", s_directories);

    /// <summary>What to say to somebody who relies on it: nothing if it is there.</summary>
    /// <param name="what">What is noted.</param>
    internal IEnumerable<string> WarningsFor(string what)
    {
        if (!directories.Any(directory => File.Exists(Path.Combine(directory, program))))
            yield return $"this machine has no {program}: without {package}, what is noted for {what} changes nothing "
                + "at the start of the machine";
    }
}
