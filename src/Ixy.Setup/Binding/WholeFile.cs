using System.Text;

namespace Ixy.Setup.Binding;

/// <summary>Files that are read when the machine starts.</summary>
internal static class WholeFile
{
    private const UnixFileMode ReadableByAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead
        | UnixFileMode.OtherRead;

    /// <summary>
    /// Writes a file atomically, creating its directory if needed: after a crash there is either the old file or the
    /// new one. Everyone may read it, whatever the caller's umask.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="next">Its temporary name in the same directory, until it is on the disk.</param>
    /// <param name="text">Its content.</param>
    internal static void Write(string path, string next, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using (var file = File.Create(next))
        {
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file.SafeFileHandle, ReadableByAll);
            file.Write(Encoding.UTF8.GetBytes(text));
            file.Flush(flushToDisk: true);
        }
        File.Move(next, path, overwrite: true);
    }
}
