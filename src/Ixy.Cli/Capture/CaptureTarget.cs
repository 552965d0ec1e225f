using Ixy.Captures;

namespace Ixy.Cli.Capture;

/// <summary>The file of a capture, or standard output. A file that is there keeps its content until the capture begins.</summary>
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
                throw new IOException("standard output is a terminal, and a capture is no text: name a file, or pipe it, as in 'ixy pcap A - | tshark -r -'");
            _stream = new StandardOutputStream();
            return;
        }
        _isNew = !File.Exists(path);
        _stream = Open(path);
    }

    internal string Path { get; }

    internal static bool IsStandardOutput(string path) => path == "-";

    /// <summary>Empties the file and starts the capture, which owns it from now on.</summary>
    internal CaptureFile Start(IReadOnlyList<CaptureInterface> interfaces, CaptureFileOptions options)
    {
        var stream = _stream!;
        _stream = null;
        // A pipe or a device has no length.
        if (stream.CanSeek && stream.Length > 0) stream.SetLength(0);
        return new(stream, interfaces, options);
    }

    /// <summary>Closes the file if no capture was started; then it leaves nothing behind.</summary>
    public void Dispose()
    {
        if (_stream is null) return;
        _stream.Dispose();
        if (_isNew) File.Delete(Path);
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
