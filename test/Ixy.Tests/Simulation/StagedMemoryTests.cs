using Ixy.Simulation;

namespace Ixy.Tests.Simulation;

/// <summary>Copies of memory that is elsewhere: what goes back, and in which order.</summary>
public sealed unsafe class StagedMemoryTests
{
    private readonly List<(string Memory, ulong Offset, byte[] Bytes)> _written = [];

    // Software must find the buffer filled when the ring says so, and the end of the ring before its beginning.
    [Fact]
    public void WhatWasOpenedLastGoesBackFirstAndFromItsEnd()
    {
        using var staged = new StagedMemory();
        Far ring = new("ring", _written), buffer = new("buffer", _written);
        byte* descriptors = staged.Open(ring, 0x100, 128, "ring"), bytes = staged.Open(buffer, 0, 64, "buffer");
        Assert.Equal((0x00, 0x11), (descriptors[0], descriptors[0x11]));
        descriptors[1] = descriptors[100] = bytes[20] = bytes[33] = 0xFF;
        staged.WriteBack((_, _) => Assert.Fail("it was written"));
        Assert.Equal([("buffer", 16ul, 32), ("ring", 0x160ul, 16), ("ring", 0x100ul, 16)], _written.Select(piece => (piece.Memory, piece.Offset, piece.Bytes.Length)));
        Assert.Equal(0xFF, _written[2].Bytes[1]);
        Assert.True(staged.IsEmpty);
        staged.WriteBack((_, _) => Assert.Fail("nothing is left"));
        Assert.Equal(3, _written.Count);
    }

    [Fact]
    public void WhatLiesInsideOfAPieceIsThatPiece()
    {
        using var staged = new StagedMemory();
        Far memory = new("memory", _written), other = new("other", _written);
        byte* whole = staged.Open(memory, 0x100, 128, "");
        Assert.True(staged.Open(memory, 0x120, 96, "") == whole + 0x20);
        Assert.False(staged.Open(memory, 0x120, 97, "") == whole + 0x20);
        Assert.False(staged.Open(other, 0x120, 16, "") == whole + 0x20);
    }

    [Fact]
    public void ThereIsRoomForSoMuchInATurn()
    {
        using var staged = new StagedMemory();
        Far memory = new("memory", _written), other = new("other", _written);
        Assert.True(staged.Open(memory, 0, StagedMemory.Capacity + 1, "") is null);
        Assert.True(staged.Open(memory, 0, uint.MaxValue, "") is null);
        Assert.True(staged.Open(memory, 0, StagedMemory.Capacity, "") is not null);
        Assert.True(staged.Open(other, 0, 1, "") is null);
        staged.WriteBack((_, _) => Assert.Fail("nothing has changed"));
        Assert.True(staged.Open(other, 0, 1, "") is not null);
    }

    // Memory whose bytes tell where they are.
    private sealed class Far(string name, List<(string, ulong, byte[])> written) : RemoteMemory
    {
        internal override bool TryRead(ulong offset, Span<byte> target)
        {
            for (int i = 0; i < target.Length; i++) target[i] = (byte)(offset + (ulong)i);
            return true;
        }

        internal override bool TryWrite(ulong offset, ReadOnlySpan<byte> source)
        {
            written.Add((name, offset, source.ToArray()));
            return true;
        }
    }
}
