namespace Ixy.Captures;

/// <summary>
/// A file is not a capture file, is damaged, or is of an unsupported kind; the message says where and how.
/// </summary>
public sealed class CaptureFormatException : FormatException
{
    internal CaptureFormatException(string message, long offset) : base(message) => Offset = offset;

    /// <summary>How far the file makes sense, in bytes: the damage comes after that.</summary>
    public long Offset { get; }
}
