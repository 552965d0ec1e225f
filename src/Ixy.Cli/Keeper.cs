namespace Ixy.Cli;

/// <summary>A program that must be present when the machine starts, for saved settings to take effect.</summary>
/// <param name="program">Its name.</param>
/// <param name="package">The package it is part of.</param>
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

    /// <summary>A warning for those who rely on it; empty if it is present.</summary>
    /// <param name="what">The saved setting.</param>
    internal IEnumerable<string> WarningsFor(string what)
    {
        if (!directories.Any(directory => File.Exists(Path.Combine(directory, program))))
            yield return $"this machine has no {program}: without {package}, what is noted for {what} changes nothing "
                + "at the start of the machine";
    }
}
