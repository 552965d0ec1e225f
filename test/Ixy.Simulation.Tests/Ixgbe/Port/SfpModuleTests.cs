using System.Text;
using Ixy.Simulation.Ixgbe;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Tests.Ixgbe.Port;

/// <summary>The SFP+ module behind I2CCTL (82599 datasheet 3.5.8, 8.2.3.1.5; SFF-8472).</summary>
public sealed class SfpModuleTests
{
    private const byte Identification = 0xA0, Diagnostics = 0xA2;

    [Fact]
    public void Section_8_2_3_1_5_TheLinesAreHighWhileNobodyPullsThemDown()
    {
        using var bench = new CardBench();
        Assert.Equal(0xFu, bench.Read(I2CCTL));
        Own(bench);
        bench.Write(I2CCTL, I2CCTL_.ClockOut);
        Assert.Equal(I2CCTL_.ClockOut | I2CCTL_.ClockIn, bench.Read(I2CCTL));
    }

    [Fact]
    public void Sff8472_TheIdentificationPageNamesA10GBaseSrModule()
    {
        using var bench = new CardBench();
        var bus = new I2cMaster(bench);
        var page = bus.ReadPage(Identification, 0, 96);
        Assert.Equal(3, page[0]);
        Assert.Equal(0x10, page[3]);
        Assert.Equal([0x00, 0x1B, 0x21], page[37..40]);
        Assert.Equal("Intel Corp", Encoding.ASCII.GetString(page[20..36]).TrimEnd());
        Assert.NotEmpty(Encoding.ASCII.GetString(page[40..56]).Trim());
        Assert.NotEmpty(Encoding.ASCII.GetString(page[68..84]).Trim());
        Assert.Equal(Sum(page[..63]), page[63]);
        Assert.Equal(Sum(page[64..95]), page[95]);
        Assert.Empty(bench.Card.Violations.All);
    }

    [Fact]
    public void Sff8472_TheDiagnosticsPageFollowsSignalAndLaser()
    {
        using var bench = new CardBench();
        var bus = new I2cMaster(bench);
        var page = bus.ReadPage(Diagnostics, 0, 112);
        Assert.Equal(Sum(page[..95]), page[95]);
        Assert.InRange((short)(page[96] << 8 | page[97]) / 256.0, 0, 70); // degrees
        Assert.Equal(0, page[110]);
        bench.TestWire.Signal = false;
        Assert.Equal(0x02, bus.ReadPage(Diagnostics, 110, 1)[0]);
        Assert.Equal([0, 0], bus.ReadPage(Diagnostics, 104, 2)); // received power
        bench.Write(ESDP, bench.Read(ESDP) | ESDP_.TxDisable);
        Assert.Equal(0x82, bus.ReadPage(Diagnostics, 110, 1)[0]);
    }

    [Fact]
    public void Sff8472_OnlyTheUserAreaOfTheDiagnosticsPageCanBeWritten()
    {
        using var bench = new CardBench();
        var bus = new I2cMaster(bench);
        bus.WriteBytes(Diagnostics, 130, 0x5A, 0xC3);
        bus.WriteBytes(Diagnostics, 96, 0);
        bus.WriteBytes(Identification, 0, 0);
        Assert.Equal([0x5A, 0xC3], bus.ReadPage(Diagnostics, 130, 2));
        Assert.NotEqual(0, bus.ReadPage(Diagnostics, 96, 1)[0]);
        Assert.Equal(3, bus.ReadPage(Identification, 0, 1)[0]);
    }

    [Fact]
    public void AnEmptyCageDoesNotAcknowledge()
    {
        using var bench = new CardBench(new IxgbeCardOptions { HasSfpModule = false });
        Assert.False(new I2cMaster(bench).Probe(Identification));
    }

    [Theory]
    [InlineData(0xA0, true)]
    [InlineData(0xA2, true)]
    [InlineData(0xF8, false)]
    [InlineData(0x42, false)]
    public void OnlyTheModulesTwoAddressesAcknowledge(byte address, bool acknowledged)
    {
        using var bench = new CardBench();
        Assert.Equal(acknowledged, new I2cMaster(bench).Probe(address));
    }

    [Fact]
    public void Section_10_5_4_MovingTheLinesWithoutAPhySemaphoreIsAViolation()
    {
        using var bench = new CardBench();
        bench.Write(I2CCTL, I2CCTL_.ClockOut);
        bench.Write(I2CCTL, 0);
        var violation = Assert.Single(bench.Card.Violations.All);
        Assert.Equal(("phy-without-semaphore", "I2CCTL"), (violation.Rule, violation.Register));
    }

    internal static void Own(CardBench bench)
    {
        bench.Read(SWSM);
        bench.Write(SWSM, SWSM_.SMBI | SWSM_.SWESMBI);
        bench.Write(SW_FW_SYNC, SW_FW_SYNC_.Phy0);
        bench.Write(SWSM, 0);
    }

    private static byte Sum(byte[] bytes) => (byte)bytes.Sum(value => value);

    /// <summary>Drives the two lines by hand, as the I2C specification describes.</summary>
    internal sealed class I2cMaster
    {
        private readonly CardBench _bench;

        internal I2cMaster(CardBench bench)
        {
            _bench = bench;
            Own(bench);
        }

        internal byte[] ReadPage(byte device, byte start, int count)
        {
            Start();
            Assert.True(Send(device));
            Assert.True(Send(start));
            Start();
            Assert.True(Send((byte)(device | 1)));
            var bytes = new byte[count];
            for (int index = 0; index < count; index++) bytes[index] = Take(acknowledge: index < count - 1);
            Stop();
            return bytes;
        }

        internal void WriteBytes(byte device, byte start, params byte[] bytes)
        {
            Start();
            Assert.True(Send(device));
            Assert.True(Send(start));
            foreach (byte value in bytes) Assert.True(Send(value));
            Stop();
        }

        internal bool Probe(byte device)
        {
            Start();
            bool acknowledged = Send(device);
            Stop();
            return acknowledged;
        }

        private void Start()
        {
            Lines(clock: false, data: true);
            Lines(clock: true, data: true);
            Lines(clock: true, data: false);
            Lines(clock: false, data: false);
        }

        private void Stop()
        {
            Lines(clock: false, data: false);
            Lines(clock: true, data: false);
            Lines(clock: true, data: true);
        }

        private bool Send(byte value)
        {
            for (int bit = 7; bit >= 0; bit--) Clock((value >> bit & 1) != 0);
            return !Clock(true);
        }

        private byte Take(bool acknowledge)
        {
            int value = 0;
            for (int bit = 0; bit < 8; bit++) value = value << 1 | (Clock(true) ? 1 : 0);
            Clock(!acknowledge);
            return (byte)value;
        }

        // One clock pulse; returns the level of the data line while the clock is high.
        private bool Clock(bool data)
        {
            Lines(clock: false, data);
            Lines(clock: true, data);
            bool level = (_bench.Read(I2CCTL) & I2CCTL_.DataIn) != 0;
            Lines(clock: false, data);
            return level;
        }

        private void Lines(bool clock, bool data) =>
            _bench.Write(I2CCTL, (clock ? I2CCTL_.ClockOut : 0) | (data ? I2CCTL_.DataOut : 0));
    }
}
