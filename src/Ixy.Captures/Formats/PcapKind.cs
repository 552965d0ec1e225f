namespace Ixy.Captures.Formats;

/// <summary>A kind of classic capture file: its unit of time, and what its headers have beyond the usual.</summary>
/// <param name="Scale">The part of a second.</param>
/// <param name="FileHeader">Bytes of the file header behind the magic number.</param>
/// <param name="RecordHeader">Bytes before each packet.</param>
internal sealed record PcapKind(TimeScale Scale, int FileHeader = 20, int RecordHeader = 16)
{
    /// <summary>Behind the usual record header: the interface's number, a word, and the frame's type, a half.</summary>
    internal bool IsModified => RecordHeader > 16;

    /// <summary>By the magic number, in the file's byte order; null if it is none.</summary>
    internal static PcapKind? Of(uint magic) => magic switch
    {
        0xA1B2C3D4 => new(TimeScale.Microseconds),
        0xA1B23C4D => new(TimeScale.Nanoseconds),
        // Kuznetsov's patches to libpcap, as Linux distributions had them around the year 2000.
        0xA1B2CD34 => new(TimeScale.Microseconds, RecordHeader: 24),
        // Ixia's lcap, of a card and of software: the file header ends with the length of all that follows.
        0x1C0001AC => new(TimeScale.Nanoseconds, FileHeader: 24),
        0x1C0001AB => new(TimeScale.Microseconds, FileHeader: 24),
        _ => null,
    };
}
