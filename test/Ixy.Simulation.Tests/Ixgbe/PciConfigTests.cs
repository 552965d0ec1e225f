using Ixy.Ixgbe;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Simulation.Tests.Ixgbe.PciSteps;

namespace Ixy.Simulation.Tests.Ixgbe;

/// <summary>
/// The configuration space of the simulated card, by hand-written accesses (82599 datasheet chapter 9).
/// </summary>
public sealed unsafe class PciConfigTests
{
    [Theory] // 9.3.1, 9.3.2, 9.3.5, 9.3.6, 9.3.10
    [InlineData(0x10FB)]
    [InlineData(0x1528)]
    [InlineData(0x1563)]
    public void TheHeaderSaysWhatTheCardIs(int device)
    {
        using var bench = new CardBench(new IxgbeCardOptions { DeviceId = (ushort)device });
        Assert.Equal(0x8086u, bench.Config(0x00, 2));
        Assert.Equal((uint)device, bench.Config(0x02, 2));
        Assert.Equal(0x02000001u, bench.Config(0x08, 4)); // Ethernet controller, revision 1
        Assert.Equal(0x00u, bench.Config(0x0E, 1)); // One function, type 0 header
        Assert.Equal(0x8086u, bench.Config(0x2C, 2));
        Assert.NotEqual(0u, bench.Config(0x2E, 2));
        Assert.Equal(1u, bench.Config(0x3D, 1)); // INTA#
        Assert.Equal(0x0010u, bench.Config(0x06, 2)); // There is a capabilities list
    }

    [Fact]
    public void IdentityIsReadOnlyAndNotesAreKept()
    {
        using var bench = new CardBench();
        bench.SetConfig(0x00, 0xDEADBEEF);
        bench.SetConfig(0x08, 0xDEADBEEF);
        bench.SetConfig(0x0C, 0x10, 1);
        bench.SetConfig(0x3C, 0x2A, 1);
        Assert.Equal(0x10FB8086u, bench.Config(0x00));
        Assert.Equal(0x02000001u, bench.Config(0x08));
        Assert.Equal(0x10u, bench.Config(0x0C, 1));
        Assert.Equal(0x012Au, bench.Config(0x3C, 2));
    }

    [Theory] // 9.3.6.1 (BARs), PCI 6.2.5.1 (sizing)
    [InlineData(0x10FB, 0x20000u)]
    [InlineData(0x1528, 0x200000u)]
    [InlineData(0x1563, 0x200000u)]
    public void WritingOnesToABarTellsItsSize(int device, uint registers)
    {
        using var bench = new CardBench(new IxgbeCardOptions { DeviceId = (ushort)device });
        Assert.Equal((registers, true), SizeOf(bench, 0));
        Assert.Equal((0x4000u, true), SizeOf(bench, 4));
        bench.SetConfig(0x18, uint.MaxValue);
        Assert.Equal(0xFFFF_FFE1u, bench.Config(0x18)); // 32 bytes of I/O
        bench.SetConfig(0x1C, uint.MaxValue);
        Assert.Equal(0u, bench.Config(0x1C)); // no BAR 3
        bench.SetConfig(0x30, uint.MaxValue);
        Assert.Equal(0u, bench.Config(0x30)); // no expansion ROM
        Assert.Equal([registers, 0u, 32u, 0u, 0x4000u, 0u], Enumerable.Range(0, 6).Select(bench.Card.BarLength));
    }

    // Length, and whether it is 64-bit prefetchable memory.
    private static (uint Length, bool IsWide) SizeOf(CardBench bench, int bar)
    {
        int offset = 0x10 + 4 * bar;
        bench.SetConfig(offset, uint.MaxValue);
        bench.SetConfig(offset + 4, uint.MaxValue);
        uint low = bench.Config(offset), length = ~(low & ~0xFu) + 1;
        Assert.Equal(uint.MaxValue, bench.Config(offset + 4));
        bench.SetConfig(offset, 0x1234_5678);
        Assert.Equal(0x1234_5678u & ~(length - 1) | 0xC, bench.Config(offset));
        return (length, (low & 0xF) == 0xC);
    }

    [Fact] // Table 9-1; 9.3.6 to 9.3.10
    public void CapabilitiesAreWhereTheDatasheetHasThem()
    {
        using var bench = new CardBench();
        List<(uint Id, uint Offset)> found = [];
        for (uint at = bench.Config(0x34, 1); at != 0; at = bench.Config((int)at + 1, 1))
            found.Add((bench.Config((int)at, 1), at));
        Assert.Equal([(0x01u, 0x40u), (0x05u, 0x50u), (0x11u, 0x70u), (0x10u, 0xA0u), (0x03u, 0xE0u)], found);
    }

    [Fact] // 9.4
    public void ExtendedCapabilitiesAreWhereTheDatasheetHasThem()
    {
        using var bench = new CardBench();
        List<(uint Id, uint Offset)> found = [];
        for (uint at = 0x100; at != 0; at = bench.Config((int)at) >> 20)
            found.Add((bench.Config((int)at, 2), at));
        Assert.Equal([(0x01u, 0x100u), (0x03u, 0x140u), (0x0Eu, 0x150u)], found);
    }

    [Fact] // 9.3.10
    public void ThePcieCapabilityIsAnEndpointOfEightLanesWithFunctionLevelReset()
    {
        using var bench = new CardBench();
        Assert.Equal(0x0002u, bench.Config(0xA2, 2));
        Assert.NotEqual(0u, bench.Config(0xA4) & 1 << 28);
        Assert.Equal(0x82u, bench.Config(0xAC) & 0x3FF); // x8, 5 GT/s
        Assert.Equal(0x82u, bench.Config(0xB2, 2) & 0x3FF);
        Assert.Equal(0x2810u, bench.Config(0xA8, 2));
        Assert.Equal(0x1Fu, bench.Config(0xC4) & 0x1F);
        bench.SetConfig(0xC8, 0xFFFF, 2);
        Assert.Equal(0x1Fu, bench.Config(0xC8, 2));
    }

    [Fact] // 9.4.2
    public void TheSerialNumberIsTheMacAddressWithOnesInItsMiddle()
    {
        using var bench = new CardBench(new IxgbeCardOptions { MacAddress = 0x00A0C9_234567 });
        Assert.Equal(0xFF234567u, bench.Config(0x144));
        Assert.Equal(0x00A0C9FFu, bench.Config(0x148));
    }

    [Fact] // 9.4.1
    public void ErrorReportingKeepsMasksAndSeverities()
    {
        using var bench = new CardBench();
        Assert.Equal(0x0006_2010u, bench.Config(0x10C));
        Assert.Equal(0x0000_2000u, bench.Config(0x114));
        bench.SetConfig(0x108, uint.MaxValue);
        Assert.Equal(0x001F_F010u, bench.Config(0x108));
        bench.SetConfig(0xA8, 0x8000, 2); // A function-level reset leaves sticky registers alone.
        Assert.Equal(0x001F_F010u, bench.Config(0x108));
    }

    [Fact] // 9.3.3
    public void WithoutBusMasterTheCardReachesNoMemory()
    {
        using var bench = new CardBench();
        Assert.True(bench.Card.Dma.Translate(CardBench.Iova, 64, "test") is not null);
        bench.SetConfig(0x04, 0x0002, 2);
        Assert.True(bench.Card.Dma.Translate(CardBench.Iova, 64, "test") is null);
        AssertViolation(bench, "dma-without-bus-master");
    }

    [Fact] // 9.3.3
    public void WithoutMemorySpaceRegistersReadAsOnesAndWritesAreLost()
    {
        using var bench = new CardBench();
        bench.Write(IxgbeFeatureRegisters.MRQC, 0x1);
        bench.SetConfig(0x04, 0x0004, 2);
        Assert.Equal(uint.MaxValue, bench.Read(IxgbeFeatureRegisters.MRQC));
        bench.Write(IxgbeFeatureRegisters.MRQC, 0x2);
        bench.SetConfig(0x04, 0x0006, 2);
        Assert.Equal(0x1u, bench.Read(IxgbeFeatureRegisters.MRQC));
        AssertViolation(bench, "bar-unreachable", times: 2);
    }

    [Fact]
    public void ABarThatIsNotThereReadsAsOnes()
    {
        using var bench = new CardBench();
        Assert.Equal(uint.MaxValue, bench.Card.ReadBar(3, 0));
        Assert.Equal(uint.MaxValue, bench.Card.ReadBar(0, 0x20000));
        AssertViolation(bench, "bar-unreachable", times: 2);
    }

    [Theory] // 8.1.1
    [InlineData(1, 3u, 0xABu)]
    [InlineData(2, 2u, 0xABCDu)]
    public void ARegisterIsAccessedAsAWhole(int size, uint within, uint expected)
    {
        using var bench = new CardBench();
        bench.SetConfig(0x04, 0x0006, 2);
        bench.Write(IxgbeFeatureRegisters.RAL, 0xABCD_1234);
        bench.Card.WriteBar(0, IxgbeFeatureRegisters.RAL[0] + within, 0, size);
        Assert.Equal(expected, bench.Card.ReadBar(0, IxgbeFeatureRegisters.RAL[0] + within, size));
        Assert.Equal(0xABCD_1234u, bench.Read(IxgbeFeatureRegisters.RAL));
        AssertViolation(bench, "access-width", times: 2);
    }

    [Fact] // 8.1.1.2
    public void RegistersAreReachedThroughTheIoWindow()
    {
        using var bench = new CardBench();
        bench.SetConfig(0x04, 0x0007, 2);
        bench.Card.WriteBar(2, 0x0, IxgbeFeatureRegisters.MRQC);
        bench.Card.WriteBar(2, 0x4, 0x1);
        Assert.Equal(0x1u, bench.Read(IxgbeFeatureRegisters.MRQC));
        Assert.Equal((uint)IxgbeFeatureRegisters.MRQC, bench.Card.ReadBar(2, 0x0));
        Assert.Equal(0x1u, bench.Card.ReadBar(2, 0x4));
        Assert.Empty(bench.Card.Violations.All);
    }

    [Theory] // 8.1.1.2
    [InlineData(0x20000u)]
    [InlineData(0x00801u)]
    public void TheIoWindowShowsOnlyRegisters(uint address)
    {
        using var bench = new CardBench();
        bench.SetConfig(0x04, 0x0007, 2);
        bench.Card.WriteBar(2, 0x0, address);
        bench.Card.WriteBar(2, 0x4, 1);
        AssertViolation(bench, "io-window-address");
    }

    [Fact] // 9.3.3: I/O space has its own enable bit
    public void TheIoWindowNeedsIoSpace()
    {
        using var bench = new CardBench();
        bench.SetConfig(0x04, 0x0006, 2);
        Assert.Equal(uint.MaxValue, bench.Card.ReadBar(2, 0));
        AssertViolation(bench, "bar-unreachable");
    }

    [Fact] // 4.2.1.7 (FLR), 9.3.10.5
    public void AFunctionLevelResetBringsBackThePowerOnState()
    {
        using var bench = new CardBench();
        bench.Write(IxgbeFeatureRegisters.MRQC, 0x1);
        bench.Write(CardRegisters.EIMS, 0x1);
        bench.SetConfig(0x10, 0xFE00_0000);
        bench.SetConfig(0xA8, 0x2830, 2); // 256 bytes of payload
        bench.SetConfig(0xA8, 0xA830, 2);
        Assert.Equal(0u, bench.Config(0x04, 2));
        Assert.Equal(0x0000_000Cu, bench.Config(0x10));
        Assert.Equal(0x2830u, bench.Config(0xA8, 2)); // The bit reads as 0; the payload size stays.
        Assert.True(bench.Card.Dma.Translate(CardBench.Iova, 64, "test") is null);
        bench.SetConfig(0x04, 0x0006, 2);
        Assert.Equal(0u, bench.Read(IxgbeFeatureRegisters.MRQC));
        Assert.Equal(0u, bench.Read(CardRegisters.EIMS));
    }

    [Fact] // 5.2.5 (D3), 9.3.6.4
    public void InD3TheCardAnswersOnlyInConfigurationSpace()
    {
        using var bench = new CardBench();
        bench.SetConfig(0x44, 0x0003, 2);
        Assert.Equal(uint.MaxValue, bench.Read(IxgbeFeatureRegisters.MRQC));
        Assert.True(bench.Card.Dma.Translate(CardBench.Iova, 64, "test") is null);
        Assert.Equal(0x10FBu, bench.Config(0x02, 2));
        Assert.Equal(
            ["bar-unreachable", "dma-without-bus-master"],
            bench.Card.Violations.All.Select(violation => violation.Rule));
    }

    [Fact] // 5.2.5, 9.3.6.4: without No_Soft_Reset, D0 is entered uninitialised
    public void BackFromD3TheCardStartsAfresh()
    {
        using var bench = new CardBench();
        bench.Write(IxgbeFeatureRegisters.MRQC, 0x1);
        bench.SetConfig(0x44, 0x0003, 2);
        bench.SetConfig(0x44, 0x0000, 2);
        Assert.Equal(0u, bench.Config(0x04, 2));
        bench.SetConfig(0x04, 0x0006, 2);
        Assert.Equal(0u, bench.Read(IxgbeFeatureRegisters.MRQC));
        Assert.Empty(bench.Card.Violations.All);
    }

    [Fact] // X550 datasheet 9.2.3.1.4: No_Soft_Reset
    public void AnX550KeepsItsContextInD3()
    {
        using var bench = new CardBench(new IxgbeCardOptions { DeviceId = 0x1563 });
        bench.Write(IxgbeFeatureRegisters.MRQC, 0x1);
        bench.SetConfig(0x44, 0x0003, 2);
        bench.SetConfig(0x44, 0x0000, 2);
        Assert.Equal(0x1u, bench.Read(IxgbeFeatureRegisters.MRQC));
        Assert.True(bench.Card.Dma.Translate(CardBench.Iova, 64, "test") is not null);
    }

    [Theory] // 9.3.6.4: D1 and D2 are not supported
    [InlineData(1u)]
    [InlineData(2u)]
    public void OtherPowerStatesAreIgnored(uint state)
    {
        using var bench = new CardBench();
        bench.SetConfig(0x44, state, 2);
        Assert.Equal(0u, bench.Config(0x44, 2) & 3);
        Assert.Equal(0u, bench.Read(IxgbeFeatureRegisters.MRQC));
    }

    [Fact] // 9.3.9
    public void VitalProductDataIsReadFourBytesAtATime()
    {
        using var bench = new CardBench();
        List<byte> bytes = [];
        for (uint address = 0; bytes.Count == 0 || !bytes.Contains(0x78); address += 4)
        {
            bench.SetConfig(0xE2, address, 2);
            Assert.Equal(address | 0x8000, bench.Config(0xE2, 2)); // The flag says that the data is ready.
            bytes.AddRange(BitConverter.GetBytes(bench.Config(0xE4)));
        }
        Assert.Equal(0x82, bytes[0]);
        Assert.Equal("Simulated 82599 10GbE Controller", System.Text.Encoding.ASCII.GetString([.. bytes], 3, bytes[1]));
        int checksum = System.Text.Encoding.ASCII.GetString([.. bytes]).IndexOf("RV", StringComparison.Ordinal) + 3;
        Assert.Equal(0, (byte)bytes.Take(checksum + 1).Sum(value => value));
    }

    [Fact] // 9.3.9.4
    public void VitalProductDataEndsSomewhere()
    {
        using var bench = new CardBench();
        bench.SetConfig(0xE2, 0x4000, 2);
        AssertViolation(bench, "vpd-outside");
    }

    // Delays that start with the access are exact, even if the card's last turn was long ago.
    [Fact]
    public void AnAccessToConfigurationSpaceHasTheTimeAtWhichItIsMade()
    {
        const int Milliseconds = 20;
        using var function = new SimulatedPciDevice("sim:test", new IxgbeCard(new IxgbeCardOptions(), new TestWire()));
        SimulatedPciDevice.BetweenTurns(() =>
        {
            long before = function.Card.Now;
            Thread.Sleep(Milliseconds);
            function.ReadConfig(0, 2);
            Assert.InRange(function.Card.Now - before, Milliseconds * 1_000_000L, long.MaxValue);
            before = function.Card.Now;
            Thread.Sleep(Milliseconds);
            function.WriteConfig(0x3C, 0x2A, 1);
            Assert.InRange(function.Card.Now - before, Milliseconds * 1_000_000L, long.MaxValue);
        });
    }
}
