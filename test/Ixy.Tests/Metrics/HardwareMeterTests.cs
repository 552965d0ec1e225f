using System.Diagnostics.Metrics;
using Ixy.Simulation;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Wires;

namespace Ixy.Tests.Metrics;

/// <summary>The meter <c>Ixy.Hardware</c>: names and attributes follow OpenTelemetry's conventions.</summary>
public sealed class HardwareMeterTests : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, double> _series = [];
    private readonly Dictionary<string, Instrument> _instruments = [];

    public HardwareMeterTests()
    {
        HardwareMetrics.Register();
        HardwareMetrics.Register();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name != "Ixy.Hardware") return;
            _instruments.Add(instrument.Name, instrument);
            listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.Start();
    }

    // docs/hardware/network.md of open-telemetry/semantic-conventions.
    [Theory]
    [InlineData("hw.network.io", "By", typeof(ObservableCounter<long>))]
    [InlineData("hw.network.packets", "{packet}", typeof(ObservableCounter<long>))]
    [InlineData("hw.errors", "{error}", typeof(ObservableCounter<long>))]
    [InlineData("hw.network.up", "1", typeof(ObservableUpDownCounter<long>))]
    [InlineData("hw.network.bandwidth.limit", "By/s", typeof(ObservableUpDownCounter<long>))]
    [InlineData("hw.network.bandwidth.utilization", "1", typeof(ObservableGauge<double>))]
    public void TheInstrumentsAreThoseOfTheConventions(string name, string unit, Type kind)
    {
        Assert.Equal(6, _instruments.Count);
        Assert.Equal((unit, kind), (_instruments[name].Unit, _instruments[name].GetType()));
    }

    // A different number for each kind, so that none is mistaken for another.
    [Fact]
    public void WhatIsLostAndDamagedIsCountedByKind()
    {
        const string Name = "sim:hardware-errors";
        var wire = new FarEnd();
        using var device = NetworkDevice.Open(
            new SimulatedPciDevice(Name, new IxgbeCard(new IxgbeCardOptions(), wire)),
            new() { RingSize = 64, PoolSize = 128 });
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)));
        wire.Deliver(DriverBench.Frame(1), FrameErrors.Crc);
        foreach (int length in new[] { 40, 41 }) wire.Deliver(DriverBench.Frame(2)[..length]);
        wire.Deliver(DriverBench.Frames(3));
        var batch = new Packet[32];
        int received = 0;
        DriverBench.Until(() =>
        {
            int count = device.Receive(batch);
            PacketPool.Free(batch.AsSpan(0, count));
            return (received += count) == 3;
        }, "all received");
        var counted = device.ReadStatistics();
        ReadAll();
        const string Id = $"hw.id={Name},hw.type=network";
        string network = $"{Id.Split(',')[0]},hw.network.physical_address={device.MacAddress},hw.type=network";
        Assert.Equal(3, Of("hw.network.packets", $"{network},network.io.direction=receive"));
        Assert.Equal(0, Of("hw.network.packets", $"{network},network.io.direction=transmit"));
        Assert.Equal(counted.RxBytes, Of("hw.network.io", $"{network},network.io.direction=receive"));
        Assert.Equal(1, Of("hw.errors", $"error.type=crc,{Id},network.io.direction=receive"));
        Assert.Equal(2, Of("hw.errors", $"error.type=length,{Id},network.io.direction=receive"));
        Assert.Equal(0, Of("hw.errors", $"error.type=missed,{Id},network.io.direction=receive"));
        Assert.Equal(0, Of("hw.errors", $"error.type=dropped,{Id},network.io.direction=transmit"));
        Assert.Equal(1, Of("hw.network.up", network));
        Assert.Equal(1_250_000_000, Of("hw.network.bandwidth.limit", network));
    }

    // A frame of 60 bytes takes 84 on the wire: at 100 Mbit/s, 10,000 frames per second use 6.72 %.
    [Fact]
    public void TheShareOfTheLinkIsThatOfTheLastSecondOrMore()
    {
        var world = new VirtualWorld(seed: 17);
        using var device = world.Open("sim:ixgbe,model=x540,speed=100M,wire=generator,rate=10kpps");
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(10)));
        string series = $"hw.id={device.Name},hw.network.physical_address={device.MacAddress},hw.type=network";
        const string Name = "hw.network.bandwidth.utilization";
        Take(device, world, 10);
        ReadAll();
        Assert.DoesNotContain($"{Name} {series}", _series.Keys);
        Take(device, world, 500);
        ReadAll();
        Assert.DoesNotContain($"{Name} {series}", _series.Keys);
        Take(device, world, 500);
        ReadAll();
        Assert.InRange(Of(Name, series), 0.0670, 0.0674);
        // An interval of less than a second gives no new value.
        double before = Of(Name, series);
        Take(device, world, 100);
        ReadAll();
        Assert.Equal(before, Of(Name, series));
    }

    [Fact]
    public void ALinkThatIsDownHasNoSpeed()
    {
        var world = new VirtualWorld(seed: 18);
        using var device = world.Open("sim:ixgbe");
        ReadAll();
        string series = $"hw.id={device.Name},hw.network.physical_address={device.MacAddress},hw.type=network";
        Assert.Equal(0, Of("hw.network.up", series));
        Assert.DoesNotContain($"hw.network.bandwidth.limit {series}", _series.Keys);
    }

    [Fact]
    public void ADeviceThatIsClosedIsGone()
    {
        const string Name = "sim:hardware-closed";
        using (NetworkDevice.Open(
            new SimulatedPciDevice(Name, new IxgbeCard(new IxgbeCardOptions(), new FarEnd())), DriverBench.Defaults))
        {
            ReadAll();
            Assert.Contains(_series.Keys, key => key.Contains(Name, StringComparison.Ordinal));
        }
        ReadAll();
        Assert.DoesNotContain(_series.Keys, key => key.Contains(Name, StringComparison.Ordinal));
    }

    public void Dispose() => _listener.Dispose();

    private static void Take(NetworkDevice device, VirtualWorld world, int milliseconds)
    {
        var batch = new Packet[512];
        for (int i = 0; i < milliseconds; i++)
        {
            world.Advance(TimeSpan.FromMilliseconds(1));
            PacketPool.Free(batch.AsSpan(0, device.Receive(batch)));
        }
    }

    private double Of(string name, string tags) => _series[$"{name} {tags}"];

    private void ReadAll()
    {
        _series.Clear();
        _listener.RecordObservableInstruments();
    }

    // Throws if a series appears twice.
    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var texts = tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}").Order(StringComparer.Ordinal);
        _series.Add($"{instrument.Name} {string.Join(',', texts)}", value);
    }
}
