namespace Ixy;

// Range checks.
public sealed partial record PacketPoolOptions
{
    private ArgumentOutOfRangeException WrongCount() =>
        new(nameof(Count), $"a pool has 1 to 1,048,576 buffers, not {Count}");

    private ArgumentOutOfRangeException WrongBufferSize() =>
        new(nameof(BufferSize), $"a buffer has 64 to 16,384 bytes, a multiple of 64, not {BufferSize}");
}
