using Ixy.Captures;
using Ixy.Cli.Output;
using Ixy.Vfio;

namespace Ixy.Cli.Capture;

/// <summary>
/// The file of a capture, or standard output. An existing file keeps its content until the capture begins.
/// </summary>
internal sealed class CaptureTarget : IDisposable
{
    private readonly bool _isNew;
    private Stream? _stream;

    /// <param name="path">The file; <c>-</c> is standard output.</param>
    /// <exception cref="IOException">It cannot be written, or standard output is a terminal.</exception>
    internal CaptureTarget(string path)
    {
        Path = path;
        if (IsStandardOutput(path))
        {
            if (!Console.IsOutputRedirected)
                throw new IOException(
                    "standard output is a terminal, and a capture is binary: name a file, or pipe it, as in "
                    + $"'{IxyCommand.Name} pcap A - | tshark -r -'");
            _stream = new StandardOutput();
            return;
        }
        _isNew = !File.Exists(path);
        var file = Open(path);
        try
        {
            RefuseOtherWriters(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        _stream = file;
    }

    internal string Path { get; }

    internal static bool IsStandardOutput(string path) => path == "-";

    /// <summary>Truncates the file and starts the capture, which owns it from now on.</summary>
    internal CaptureFile Start(IReadOnlyList<CaptureInterface> interfaces, CaptureFileOptions options)
    {
        var stream = _stream!;
        _stream = null;
        // A pipe or a device has no length.
        if (stream.CanSeek && stream.Length > 0) stream.SetLength(0);
        return new(stream, interfaces, options);
    }

    /// <summary>Closes the file if no capture was started, leaving nothing behind.</summary>
    public void Dispose()
    {
        if (_stream is null) return;
        _stream.Dispose();
        if (_isNew) File.Delete(Path);
    }

    // Two captures in one file would overwrite each other. The lock is released with the file; readers are not locked
    // out.
    private static void RefuseOtherWriters(FileStream file)
    {
        const int Again = 11; // EAGAIN
        // macOS has no such locks; nor has it cards that ixy can drive.
        if (OperatingSystem.IsMacOS() || !HasLength(file)) return;
        try
        {
            file.Lock(0, 0);
        }
        catch (IOException error) when (error.HResult == Again)
        {
            throw new IOException(
                $"{file.Name} is being written by another program: end that, or name another file", error);
        }
        catch (IOException)
        {
            // Not every file system supports locks.
        }
    }

    // A pipe or a device has no lock, and needs none; any number of captures may go to /dev/null.
    private static bool HasLength(FileStream file)
    {
        try
        {
            if (!file.CanSeek) return false;
            if (file.Length == 0) file.SetLength(0);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException or ArgumentException)
        {
            throw new IOException($"the capture cannot be written: {Program.Describe(error)}", error);
        }
    }
}
