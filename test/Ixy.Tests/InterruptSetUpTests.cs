using Ixy.Ixgbe;
using Ixy.Simulation;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Virtio;
using Ixy.Tests.Virtio;
using Ixy.Vfio;
using static Ixy.Tests.InterruptBench;

namespace Ixy.Tests;

/// <summary>How the drivers set up a card's interrupts, and what they say if there are none.</summary>
public sealed class InterruptSetUpTests
{
    [Fact] // 4.6.6
    public void TheRegistersOfAnIxgbeCard()
    {
        using var bench = Open(
            IxgbeKind, Options with { ReceiveQueues = 3, InterruptInterval = TimeSpan.FromMicroseconds(100) });
        var bar = bench.Device.PciDevice.OpenBar(0);
        Assert.Equal(0xC000_0030u, bar.Read32(IxgbeFeatureRegisters.GPIE));
        Assert.Equal(0xFFFFu, bar.Read32(IxgbeFeatureRegisters.EIAC));
        for (int i = 0; i < 2; i++) Assert.Equal(uint.MaxValue, bar.Read32(IxgbeFeatureRegisters.EIAM_EX[i]));
        Assert.Equal(
            (0x0081_0080u, 0x0000_0082u),
            (bar.Read32(IxgbeFeatureRegisters.IVAR[0]), bar.Read32(IxgbeFeatureRegisters.IVAR[1])));
        // 49 units of 2.048 µs.
        for (int i = 0; i < 3; i++) Assert.Equal(49u << 3, bar.Read32(IxgbeFeatureRegisters.EITR[i]) & 0xFFF);
        // Nobody sleeps, so no interrupt is enabled.
        for (int i = 0; i < 2; i++) Assert.Equal(0u, bar.Read32(IxgbeFeatureRegisters.EIMS_EX[i]));
    }

    [Fact] // 7.3.4: the vector in a field is ignored until the field is valid, so it may be anything.
    public void WhatIsInTheRegistersBeforeDoesNotCount()
    {
        const uint Nonsense = 0x3F3F_3F3F;
        uint first = IxgbeFeatureRegisters.IVAR[0], last = IxgbeFeatureRegisters.IVAR[63];
        var device = new InterposedDevice(Plug(IxgbeKind))
        {
            HasInterrupts = true,
            Answer = (at, value) => at >= first && at <= last && (value & 0x80) == 0 ? Nonsense : value,
        };
        using var opened = NetworkDevice.Open(device, Options with { ReceiveQueues = 3 });
        var bar = device.OpenBar(0);
        Assert.Equal((0x0081_0080u, 0x0000_0082u), (bar.Read32(first), bar.Read32(first + 4)));
    }

    [Fact]
    public async Task TheIntervalHoldsBackTheNextInterrupt()
    {
        const int Packets = 200;
        var interval = TimeSpan.FromMicroseconds(1000);
        using var bench = Open(IxgbeKind, Options with { InterruptInterval = interval });
        var queue = bench.Device.ReceiveQueues[0];
        long start = Environment.TickCount64;
        for (int number = 0; number < Packets; number++)
        {
            var delivery = bench.DeliverOnceAsleep(DriverBench.Frame(number), [queue]);
            Assert.Equal(number, ReceiveOne(queue, new Packet[1]));
            await delivery;
        }
        Assert.InRange(queue.Interrupts, 1, (Environment.TickCount64 - start) / interval.TotalMilliseconds + 2);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1047)]
    public void AnIntervalThatTheCardDoesNotHave(int microseconds)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() =>
            (Options with { InterruptInterval = TimeSpan.FromMicroseconds(microseconds) }).Validate());
        Assert.Contains("0 to 1046", error.Message);
    }

    [Theory]
    [InlineData(IxgbeKind)]
    [InlineData("Split")]
    public void ATransportWithoutInterruptsSaysSo(string kind)
    {
        var device = new InterposedDevice(Plug(kind));
        var error = Assert.Throws<InterruptsNotSupportedException>(() => NetworkDevice.Open(device, Options));
        Assert.Contains("poll instead", error.Message);
    }

    [Fact] // Every queue needs its own.
    public void TooFewVectors()
    {
        var error = Assert.Throws<InterruptsNotSupportedException>(
            () => new DriverBench(
                Options with { ReceiveQueues = 8, TransmitQueues = 8 }, new VirtioCardOptions { QueuePairs = 2 }));
        Assert.Contains("8 were asked for", error.Message);
    }

    [Theory] // 4.1.5.1.2.1: what a device answers when it is out of resources.
    [InlineData("Split", 0x1A)]
    [InlineData("Legacy", 0x16)]
    public void ADeviceThatTakesNoVector(string kind, int offset)
    {
        var device = new InterposedDevice(Plug(kind))
        {
            HasInterrupts = true,
            Answer = (at, value) => at == offset ? 0xFFFF : value,
        };
        var error = Assert.Throws<InterruptsNotSupportedException>(() => NetworkDevice.Open(device, Options));
        Assert.Contains("VIRTIO_MSI_NO_VECTOR", error.Message);
    }

    private static SimulatedPciDevice Plug(string kind) => new("sim:test", kind == IxgbeKind
        ? new IxgbeCard(new IxgbeCardOptions(), new FarEnd())
        : new VirtioCard(VirtioTrafficTests.Card(Enum.Parse<VirtioTrafficTests.Variant>(kind)), new FarEnd()));
}
