namespace Ixy.Captures.Formats;

/// <summary>A kind of classic capture file: its unit of time, and what its headers contain beyond the usual.</summary>
/// <param name="Scale">The resolution of timestamps.</param>
/// <param name="FileHeader">Bytes of the file header after the magic number.</param>
/// <param name="RecordHeader">Bytes before each packet.</param>
internal sealed record PcapKind(TimeScale Scale, int FileHeader = 20, int RecordHeader = 16)
{
    /// <summary>
    /// After the usual record header: the interface's number, a word, and the frame's type, a half-word.
    /// </summary>
    internal bool IsModified => RecordHeader > 16;

    /// <summary>Finds the kind by its magic number, in the file's byte order; null if it is not one.</summary>
    internal static PcapKind? Of(uint magic) => magic switch
    {
        0xA1B2C3D4 => new(TimeScale.Microseconds),
        0xA1B23C4D => new(TimeScale.Nanoseconds),
        // Kuznetsov's patches to libpcap, as shipped by Linux distributions around the year 2000.
        0xA1B2CD34 => new(TimeScale.Microseconds, RecordHeader: 24),
        // Ixia's lcap, from hardware and from software: the file header ends with the length of everything after it.
        0x1C0001AC => new(TimeScale.Nanoseconds, FileHeader: 24),
        0x1C0001AB => new(TimeScale.Microseconds, FileHeader: 24),
        _ => null,
    };
}
