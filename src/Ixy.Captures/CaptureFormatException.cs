namespace Ixy.Captures;

/// <summary>
/// A capture file is no capture file, damaged, or of a kind that is not supported; the message says where and how.
/// </summary>
public sealed class CaptureFormatException : FormatException
{
    internal CaptureFormatException(string message, long offset) : base(message) => Offset = offset;

    /// <summary>How far the file makes sense, in bytes: the damage is in what follows.</summary>
    public long Offset { get; }
}
