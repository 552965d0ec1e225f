using Ixy.Captures.Formats;

namespace Ixy.Captures;

/// <summary>How a <see cref="CaptureFile"/> is written. The defaults just work.</summary>
public sealed record CaptureFileOptions
{
    /// <summary>How many bytes of a frame are kept at most: 1 to 262,144. Default 262,144, the whole frame.</summary>
    public int SnapLength { get; init; } = PcapngBlocks.LongestFrame;

    /// <summary>Bytes of a buffer, and so of one write to the file: 524,288 to 67,108,864. Default 1 MiB.</summary>
    public int BufferSize { get; init; } = 1 << 20;

    /// <summary>
    /// How many buffers there are: 2 to 65,536. Default 64. With the default <see cref="BufferSize"/> that is 64 MiB,
    /// some 50 ms at 10 Gbit/s, which is how long the disk may stall before frames are dropped.
    /// </summary>
    public int BufferCount { get; init; } = 64;

    /// <summary>The source of the capture's time; the machine's by default.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// When all buffers are full, the capturing thread waits for the disk, and no frame is dropped. Default false,
    /// because real cards do not wait.
    /// </summary>
    public bool WaitsForDisk { get; init; }

    internal void Validate()
    {
        Check(SnapLength is >= 1 and <= PcapngBlocks.LongestFrame, nameof(SnapLength), SnapLength,
            $"a snap length of 1 to {PcapngBlocks.LongestFrame} bytes");
        Check(BufferSize is >= 1 << 19 and <= 1 << 26, nameof(BufferSize), BufferSize,
            "a buffer of 524288 to 67108864 bytes");
        Check(BufferCount is >= 2 and <= 65_536, nameof(BufferCount), BufferCount, "2 to 65536 buffers");
    }

    private static void Check(bool valid, string option, int value, string expected)
    {
        if (!valid) throw new ArgumentOutOfRangeException(option, $"{value} is out of range: expected {expected}");
    }
}
