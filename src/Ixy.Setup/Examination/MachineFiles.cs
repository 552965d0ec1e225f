using System.Globalization;
using System.Runtime.InteropServices;

namespace Ixy.Setup.Examination;

/// <summary>The kernel's files below /sys, /proc and /dev. Tests have their own root.</summary>
/// <param name="root">The directory that contains <c>/sys</c> and the others.</param>
internal partial class MachineFiles(string root)
{
    private const int ReadAndWrite = 4 | 2;

    internal static MachineFiles OfThisMachine { get; } = new("/");

    /// <summary>The location of a file, given its path from the root without the leading slash.</summary>
    internal string PathOf(string path) => Path.Combine(root, path);

    internal bool Exists(string path) => Path.Exists(PathOf(path));

    /// <summary>The text of a file, trimmed; null if it does not exist, or the kernel does not say.</summary>
    internal string? Read(string path)
    {
        try
        {
            return File.Exists(PathOf(path)) ? File.ReadAllText(PathOf(path)).Trim() : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The names in a directory, in order; none if it does not exist.</summary>
    internal string[] Names(string path) => !Directory.Exists(PathOf(path)) ? [] :
        [.. Directory.GetFileSystemEntries(PathOf(path)).Select(entry => Path.GetFileName(entry))
            .Order(StringComparer.Ordinal)];

    /// <summary>What follows a name at the beginning of a line; null if there is no such line.</summary>
    internal string? Field(string path, string name) => Read(path)?.Split('\n')
        .FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?[name.Length..].Trim();

    /// <summary>
    /// The numbers in a list as the kernel writes it, such as <c>0-3,8</c>; none if there is no such file.
    /// </summary>
    internal IReadOnlyList<int> ReadList(string path) => ParseList(Read(path));

    internal static IReadOnlyList<int> ParseList(string? list) =>
    [
        .. from range in (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
           let ends = range.Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture)).ToArray()
           from number in Enumerable.Range(ends[0], ends[^1] - ends[0] + 1)
           select number,
    ];

    /// <summary>Whether this process may read and write a file (access(2)). The file is not opened.</summary>
    internal virtual bool CanUse(string path) => access(PathOf(path), ReadAndWrite) == 0;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int access(string path, int mode);
}
