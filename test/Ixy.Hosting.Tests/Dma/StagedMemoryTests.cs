using Ixy.Hosting.Dma;

namespace Ixy.Hosting.Tests.Dma;

/// <summary>Bounce buffers for remote memory: what is flushed, and in which order.</summary>
public sealed unsafe class StagedMemoryTests
{
    private const ulong Address = 0x7000;

    private readonly List<(string Memory, ulong Offset, byte[] Bytes)> _written = [];

    // By the time the ring says that a buffer is done, software must find the data in it.
    [Fact]
    public void WhatWasOpenedLastGoesBackFirst()
    {
        using var staged = new StagedMemory();
        Far ring = new("ring", _written), buffer = new("buffer", _written);
        byte* descriptors = staged.Open(ring, 0x100, 128, "ring", 0x100 + Address),
            bytes = staged.Open(buffer, 0, 64, "buffer", 0 + Address);
        Assert.Equal((0x00, 0x11), (descriptors[0], descriptors[0x11]));
        descriptors[1] = descriptors[100] = bytes[20] = bytes[33] = 0xFF;
        staged.WriteBack((_, _) => Assert.Fail("it was written"));
        Assert.Equal(
            [("buffer", 16ul, 32), ("ring", 0x160ul, 16), ("ring", 0x100ul, 16)],
            _written.Select(piece => (piece.Memory, piece.Offset, piece.Bytes.Length)));
        Assert.Equal(0xFF, _written[2].Bytes[1]);
        staged.WriteBack((_, _) => Assert.Fail("nothing is left"));
        Assert.Equal(3, _written.Count);
        descriptors[1] = 0xFE;
        staged.WriteBack((_, _) => Assert.Fail("it was written"));
        Assert.Equal(("ring", 0x100ul, 16), (_written[3].Memory, _written[3].Offset, _written[3].Bytes.Length));
        Assert.Equal((0xFE, 0x11), (descriptors[1], descriptors[0x11]));
    }

    [Fact]
    public void WhatCannotBeWrittenIsReportedOnce()
    {
        using var staged = new StagedMemory();
        Far memory = new("memory", _written) { Answers = false };
        byte* bytes = staged.Open(memory, 0x40, 64, "a buffer", 0x40 + Address);
        Assert.True(bytes is null);
        memory.Answers = true;
        bytes = staged.Open(memory, 0x40, 64, "a buffer", 0x40 + Address);
        memory.Answers = false;
        bytes[3] = 1;
        List<(string, ulong)> failed = [];
        for (int i = 0; i < 2; i++) staged.WriteBack((purpose, address) => failed.Add((purpose, address)));
        Assert.Equal([("a buffer", Address + 0x40)], failed);
    }

    [Fact]
    public void ASecondLookFetchesAPartAnew()
    {
        using var staged = new StagedMemory();
        Far memory = new("memory", _written);
        byte* first = staged.Open(memory, 0, 64, "first", 0 + Address),
            second = staged.Open(memory, 0x80, 64, "second", 0x80 + Address);
        memory.Adds = 5;
        staged.LookAgain(second + 16, 16, (_, _) => Assert.Fail("it was read"));
        Assert.Equal((0x3F, 0x8F, 0x95, 0xA4, 0xA0), (first[63], second[15], second[16], second[31], second[32]));
        // The card did not make this change, so there is nothing to flush.
        staged.WriteBack((_, _) => Assert.Fail("nothing has changed"));
        Assert.Empty(_written);
        byte elsewhere = 1;
        staged.LookAgain(&elsewhere, 1, (_, _) => Assert.Fail("it is not read"));
        Assert.Equal(1, elsewhere);
        (memory.Answers, memory.Adds) = (false, 7);
        List<(string, ulong)> failed = [];
        Assert.False(staged.LookAgain(second + 16, 16, (purpose, address) => failed.Add((purpose, address))));
        Assert.Equal(0x95, second[16]);
        memory.Answers = true;
        staged.WriteBack((_, _) => Assert.Fail("nothing has changed"));
        Assert.Empty(_written);
        Assert.Equal([("second", Address + 0x90)], failed);
    }

    [Fact]
    public void WhatLiesInsideOfAPieceIsThatPiece()
    {
        using var staged = new StagedMemory();
        Far memory = new("memory", _written), other = new("other", _written);
        byte* whole = staged.Open(memory, 0x100, 128, "", 0x100 + Address);
        Assert.True(staged.Open(memory, 0x120, 96, "", 0x120 + Address) == whole + 0x20);
        Assert.False(staged.Open(memory, 0x120, 97, "", 0x120 + Address) == whole + 0x20);
        Assert.False(staged.Open(other, 0x120, 16, "", 0x120 + Address) == whole + 0x20);
    }

    // Software may have got the buffer back in the meantime and refilled it.
    [Fact]
    public void WhatIsOpenedAgainIsFetchedAgainUnlessTheCardHasChangedIt()
    {
        using var staged = new StagedMemory();
        Far memory = new("memory", _written);
        byte* first = staged.Open(memory, 0, 64, "", Address);
        memory.Adds = 5;
        Assert.True(staged.Open(memory, 16, 16, "", Address) == first + 16);
        Assert.Equal((0x0F, 0x15, 0x24, 0x20), (first[15], first[16], first[31], first[32]));
        first[40] = 0xFF;
        memory.Adds = 6;
        Assert.True(staged.Open(memory, 32, 16, "", Address) == first + 32);
        Assert.Equal((0x20, 0xFF), (first[32], first[40]));
        memory.Answers = false;
        Assert.True(staged.Open(memory, 0, 16, "", Address) is null);
        Assert.Equal(0, first[0]);
    }

    // The comparison must not overflow for large offsets.
    [Fact]
    public void WhatGoesOnBehindTheLastOffsetIsInNoPiece()
    {
        const ulong Late = ulong.MaxValue - 0x27FF;
        using var staged = new StagedMemory();
        Far memory = new("memory", _written);
        byte* first = staged.Open(memory, Late, 0x1000, "", Address);
        Assert.True(staged.Open(memory, Late + 0x800, 0x800, "", Address) == first + 0x800);
        byte* other = staged.Open(memory, Late + 0x800, 0x2000, "", Address);
        Assert.True(other is null || other >= first + 0x1000);
    }

    [Fact]
    public void ThereIsRoomForSoMuchInATurn()
    {
        using var staged = new StagedMemory();
        Far memory = new("memory", _written), other = new("other", _written);
        Assert.True(staged.Open(memory, 0, StagedMemory.Capacity + 1, "", 0 + Address) is null);
        Assert.True(staged.Open(memory, 0, uint.MaxValue, "", 0 + Address) is null);
        Assert.True(staged.Open(memory, 0, StagedMemory.Capacity, "", 0 + Address) is not null);
        Assert.True(staged.Open(other, 0, 1, "", 0 + Address) is null);
        staged.WriteBack((_, _) => Assert.Fail("nothing has changed"));
        Assert.True(staged.Open(other, 0, 1, "", 0 + Address) is null);
        staged.Clear();
        Assert.True(staged.Open(other, 0, 1, "", 0 + Address) is not null);
    }

    // Memory in which each byte depends on its offset, plus a constant.
    private sealed class Far(string name, List<(string, ulong, byte[])> written) : RemoteMemory
    {
        internal bool Answers { get; set; } = true;

        internal byte Adds { get; set; }

        internal override bool TryRead(ulong offset, Span<byte> target)
        {
            for (int i = 0; i < target.Length; i++) target[i] = (byte)(offset + (ulong)i + Adds);
            return Answers;
        }

        internal override bool TryWrite(ulong offset, ReadOnlySpan<byte> source)
        {
            if (Answers) written.Add((name, offset, source.ToArray()));
            return Answers;
        }
    }
}
