namespace Ixy.Captures.Formats;

/// <summary>The unit of a capture's timestamps: units per second, and an offset in seconds after 1970.</summary>
internal readonly record struct TimeScale(ulong UnitsPerSecond, long OffsetSeconds = 0)
{
    private const ulong NanosecondsPerSecond = 1_000_000_000;

    internal static TimeScale Microseconds { get; } = new(1_000_000);

    internal static TimeScale Nanoseconds { get; } = new(NanosecondsPerSecond);

    /// <summary>
    /// Parses the option if_tsresol: a negative power of 10, or of 2 if the highest bit is set. False if it is too fine
    /// for 64 bits.
    /// </summary>
    internal static bool TryResolution(byte value, out ulong unitsPerSecond)
    {
        int exponent = value & 0x7F;
        bool isBinary = (value & 0x80) != 0;
        unitsPerSecond = 1;
        if (exponent > (isBinary ? 63 : 19)) return false;
        for (int i = 0; i < exponent; i++) unitsPerSecond *= isBinary ? 2u : 10u;
        return true;
    }

    /// <summary>Converts to nanoseconds since 1970, rounded down; false if they do not fit into 64 bits.</summary>
    internal bool TryConvert(ulong units, out long nanoseconds)
    {
        // Avoids a 128-bit division for the resolution nearly every file has.
        Int128 time = NanosecondsPerSecond % UnitsPerSecond == 0
            ? (Int128)units * (NanosecondsPerSecond / UnitsPerSecond)
            : (Int128)((UInt128)units * NanosecondsPerSecond / UnitsPerSecond);
        time += (Int128)OffsetSeconds * NanosecondsPerSecond;
        nanoseconds = (long)time;
        return time == nanoseconds;
    }
}
