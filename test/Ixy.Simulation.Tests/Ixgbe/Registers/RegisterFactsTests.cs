using Ixy.Simulation.Ixgbe;

namespace Ixy.Simulation.Tests.Ixgbe.Registers;

/// <summary>
/// Registers that other drivers use, and accesses to registers that do not exist. Offsets and values are from the
/// datasheet's chapter 8, not from the register table.
/// </summary>
public sealed class RegisterFactsTests
{
    [Fact]
    public void Section_8_2_3_8_8_RdrxctlStartsWithRscfrstsizeEight()
    {
        using var bench = new CardBench();
        const uint dmaInitDone = 1 << 3;
        Assert.Equal(0x0010_8800u, bench.Read(0x2F00) & ~dmaInitDone);
    }

    [Fact]
    public void Section_8_2_3_2_1_FlashWritesAreOffAtFirst()
    {
        using var bench = new CardBench();
        Assert.Equal(1u, bench.Read(0x10010) >> 4 & 3); // FWE
    }

    [Fact]
    public void Section_8_2_3_8_RxmemwrapTellsWhetherThePacketBufferIsEmptyAndHowOftenItWrapped()
    {
        using var bench = new ReceiveBench();
        Assert.Equal(0x8888_8888u, bench.Bench.Read(0x3190));
        bench.Bench.Write(0x3C00, 64 << 10); // RXPBSIZE[0]: 64 KiB
        bench.Start(0, tail: false);
        bench.EnableReceive();
        bench.Deliver(ReceiveBench.Frame(1000));
        Assert.Equal(0x8888_8880u, bench.Bench.Read(0x3190)); // no descriptor: the frame waits
        bench[0].Tail = 100;
        bench.Bench.Run();
        Assert.Equal(0x8888_8888u, bench.Bench.Read(0x3190));
        bench.Deliver([.. Enumerable.Repeat(ReceiveBench.Frame(1500), 42)]);
        Assert.Equal(0x8888_8888u, bench.Bench.Read(0x3190)); // 1,004 + 42 * 1,504 bytes are 64,172
        bench.Deliver(ReceiveBench.Frame(1500));
        Assert.Equal(0x8888_8889u, bench.Bench.Read(0x3190));
    }

    /// <summary>
    /// Offset, count and stride of registers that hold what is written, and their value after a software reset (4.2.3).
    /// </summary>
    [Theory]
    [InlineData("MPSAR", 0xA600u, 256, 4u, null)]
    [InlineData("RQTC", 0xEC70u, 1, 4u, 0x4444_4444u)]
    [InlineData("LLITHRESH", 0xEC90u, 1, 4u, 0u)]
    [InlineData("PFVMVIR", 0x8000u, 64, 4u, 0u)]
    [InlineData("FCRETA", 0xED10u, 8, 4u, 0u)]
    [InlineData("FCRECTL", 0xED00u, 1, 4u, 0u)]
    [InlineData("RTTBCNCR", 0x8B00u, 1, 4u, 0u)]
    public void RegistersOfOtherDriversHoldWhatIsWritten(
        string name, uint offset, int count, uint distance, uint? reset)
    {
        using var bench = new CardBench();
        for (uint i = 0; i < count; i++) bench.Write(offset + i * distance, 0x1234_5600 + i);
        for (uint i = 0; i < count; i++)
            Assert.True(bench.Read(offset + i * distance) == 0x1234_5600 + i, $"{name}[{i}]");
        bench.Write(0, 1u << 26); // CTRL.RST
        bench.Run(10_000_000);
        for (uint i = 0; i < count; i++)
            Assert.True(bench.Read(offset + i * distance) == (reset ?? 0x1234_5600 + i), $"{name}[{i}]");
        Assert.Equal(0, bench.Card.Notes.Count);
    }

    [Fact]
    public void AnAccessToARegisterThatDoesNotExistIsNotedAndTracedAndBreaksNoRule()
    {
        using var bench = new CardBench();
        var trace = new List<string>();
        bench.Card.Trace = trace.Add;
        bench.Write(0x5A80, 7); // IMIR of the 82598
        Assert.Equal(0u, bench.Read(0x5A80));
        Assert.Equal(0u, bench.Read(0x3FC0)); // RNBC of the 82598
        Assert.Equal(
            [("0x05a80", 2L), ("0x03fc0", 1L)], bench.Card.Notes.All.Select(note => (note.Subject, note.Count)));
        Assert.Equal(3, bench.Card.Notes.Count);
        Assert.Equal(["write 0x05a80 (no register) <- 0x00000007", "read  0x05a80 (no register) -> 0x00000000",
            "read  0x03fc0 (no register) -> 0x00000000"], trace);
        Assert.Empty(bench.Card.Violations.All);
    }

    [Theory]
    [InlineData(0x10FB, 0xEE80u, "ERETA")] // X550
    [InlineData(0x1528, 0xEE80u, "ERETA")]
    [InlineData(0x10FB, 0x4380u, "EEE_SU")] // X540 and X550
    [InlineData(0x1528, 0x4380u, null)]
    [InlineData(0x1563, 0xEE80u, null)]
    [InlineData(0x10FB, 0xED30u, "FCRETA_X550")] // IXGBE_FCRETA_SIZE is 8, IXGBE_FCRETA_SIZE_X550 32 (Intel's drivers)
    [InlineData(0x1528, 0xED30u, "FCRETA_X550")]
    [InlineData(0x1563, 0xED8Cu, null)]
    [InlineData(0x10FB, 0xED2Cu, null)]
    [InlineData(0x1563, 0x4380u, null)]
    public void RegistersOfLaterModelsAreNotInEarlierOnes(int device, uint offset, string? missing)
    {
        using var bench = new CardBench(new IxgbeCardOptions { DeviceId = (ushort)device });
        bench.Write(offset, 0x10);
        Assert.Equal(missing is null ? 0x10u : 0, bench.Read(offset));
        if (missing is null) Assert.Equal(0, bench.Card.Notes.Count);
        else Assert.Contains(missing, Assert.Single(bench.Card.Notes.All).Text);
    }

    // Counters between the operating system and the management controller.
    [Theory]
    [InlineData(0x10FB, 1)]
    [InlineData(0x1528, 0)]
    [InlineData(0x1563, 0)]
    public void CountersOfLaterModelsAreNotInEarlierOnes(int device, int notes)
    {
        using var bench = new CardBench(new IxgbeCardOptions { DeviceId = (ushort)device });
        Assert.Equal(0u, bench.Read(0x41C0)); // B2OSPC
        Assert.Equal(notes, bench.Card.Notes.Count);
    }

    [Fact]
    public void OnlySoManyNotesAreKeptAndAllAreCounted()
    {
        using var bench = new CardBench();
        for (uint offset = 0x1A000; offset < 0x1A400; offset += 4) bench.Read(offset);
        Assert.Equal((256, 100), (bench.Card.Notes.Count, bench.Card.Notes.All.Count));
    }
}
