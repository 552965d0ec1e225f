using System.Text;

namespace Ixy.Setup.Binding;

/// <summary>Files that the start of the machine reads.</summary>
internal static class WholeFile
{
    private const UnixFileMode ReadableByAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead
        | UnixFileMode.OtherRead;

    /// <summary>
    /// Writes a file, and its folder if need be: a machine that stops meanwhile finds the old file or the new one.
    /// Everybody may read it, whatever the caller's umask.
    /// </summary>
    /// <param name="path">Where.</param>
    /// <param name="next">What it is called until it is on the disk, in the same folder.</param>
    /// <param name="text">What is in it.</param>
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
