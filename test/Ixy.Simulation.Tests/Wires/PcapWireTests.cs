using Ixy.Captures;
using Ixy.Simulation.Wires;
using Ixy.Vfio;

namespace Ixy.Simulation.Tests.Wires;

public sealed class PcapWireTests
{
    [Fact]
    public void EveryFrameGoesThroughUnchanged()
    {
        using TemporaryFile input = new(), output = new();
        byte[][] frames = [
            .. new[] { 60, 61, 64, 1514, 1518, 9000, 15_996 }.Select(
                (length, i) => CaptureBuilder.Frame(length, (byte)i))];
        Write(input.Path, frames);
        using (var wire = new PcapWire(input.Path, output.Path, PacketRate.Max))
        {
            for (ReadOnlySpan<byte> frame; !(frame = wire.Receive(1, out _)).IsEmpty;) wire.Send(frame, 1);
            Assert.Equal(
                (frames.Length, frames.Length, 0),
                (wire.Statistics.Sent, wire.Statistics.Received, wire.Statistics.Dropped));
            Assert.True(wire.HasSignal);
            Assert.Null(wire.Fault);
        }
        Assert.Equal(frames, Read(output.Path));
    }

    [Fact]
    public void ShortFramesAreFilledUp()
    {
        using var input = new TemporaryFile();
        byte[] arp = CaptureBuilder.Frame(42, 1);
        File.WriteAllBytes(input.Path, new CaptureBuilder(true).PcapHeader().PcapPacket(arp).Bytes);
        using var wire = new PcapWire(input.Path, null, PacketRate.Max);
        Assert.Equal([.. arp, .. new byte[18]], wire.Receive(0, out _).ToArray());
    }

    [Fact]
    public void FramesComeAtTheRate()
    {
        using var input = new TemporaryFile();
        Write(input.Path, [.. Enumerable.Repeat(new byte[60], 100)]);
        using var wire = new PcapWire(input.Path, null, PcapWire.DefaultRate);
        Assert.False(wire.Receive(0, out _).IsEmpty);
        Assert.True(wire.Receive(999, out _).IsEmpty);
        Assert.False(wire.Receive(1000, out _).IsEmpty);
        Assert.True(wire.Receive(1000, out _).IsEmpty);
        wire.StopSending();
        Assert.True(wire.Receive(1_000_000, out _).IsEmpty);
        Assert.Equal(2, wire.Statistics.Sent);
    }

    [Fact]
    public void TheOutputFollowsTheClock()
    {
        using var output = new TemporaryFile();
        using var wire = new PcapWire(null, output.Path, PacketRate.Max);
        Assert.True(wire.Receive(5_000_000_000, out _).IsEmpty); // the header is written
        wire.Send(new byte[60], 5_000_000_000);
        Assert.Empty(Read(output.Path));
        wire.Receive(6_000_000_000, out _); // a second later, the frame is in the file
        Assert.Single(Read(output.Path));
        Assert.Equal(1, wire.Statistics.Received);
    }

    [Fact]
    public void ADiskWithoutRoomIsReportedAndCounted()
    {
        using var wire = new PcapWire(null, "/dev/full", PacketRate.Max);
        wire.Send(new byte[60], 1);
        wire.Receive(1, out _);
        Assert.Contains("/dev/full", wire.Fault);
        wire.Send(new byte[60], 2);
        Assert.Equal((2, 1), (wire.Statistics.Received, wire.Statistics.Dropped));
    }

    // What was written before stays readable.
    [Theory]
    [InlineData("fault=disk-full@3tx")]
    [InlineData("")]
    public void ADiskThatRunsFullEndsTheCapture(string fault)
    {
        using var output = new TemporaryFile();
        var world = new VirtualWorld(1);
        using var card = world.OpenCard($"sim:virtio,wire=pcap:>{output.Path}{(fault == "" ? "" : $",{fault}")}");
        using (var device = NetworkDevice.Open(card, new()))
        {
            Send(3);
            if (fault == "") card.Inject(CardFault.DiskFull);
            world.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Contains($"the capture {output.Path} is incomplete: No space left on device", card.Wire.Fault);
            Assert.Equal((3, 0), (card.WireStatistics.Received, card.WireStatistics.Dropped));
            Send(2);
            Assert.Equal((5, 2), (card.WireStatistics.Received, card.WireStatistics.Dropped));
            device.CheckHealth();

            void Send(int count)
            {
                for (int i = 0; i < count; i++)
                {
                    Assert.True(device.ReceiveQueues[0].Pool.TryAllocate(out var packet));
                    packet.Length = 60;
                    Assert.Equal(1, device.Transmit([packet]));
                }
                world.Advance(TimeSpan.FromMilliseconds(1));
            }
        }
        Assert.InRange(Read(output.Path).Count, 0, 3);
    }

    [Fact]
    public void AnOutputThatCannotBeCompletedIsNoSilentLoss()
    {
        var wire = new PcapWire(null, "/dev/full", PacketRate.Max);
        wire.Send(new byte[60], 1);
        Assert.Throws<IOException>(wire.Dispose);
    }

    [Theory]
    [InlineData(13, "frame 2 has 13 bytes: expected 14 to 15996")]
    [InlineData(15_997, "frame 2 has 15997 bytes: expected 14 to 15996")]
    public void FramesThatCannotBeSentAreRefused(int length, string expected)
    {
        using TemporaryFile input = new(), output = new();
        Write(input.Path, [new byte[60], new byte[length]]);
        var error = Assert.Throws<DeviceSpecifierException>(
            () => new PcapWire(input.Path, output.Path, PacketRate.Max));
        Assert.Contains(expected, error.Message);
        Assert.False(File.Exists(output.Path), "nothing is created while the input is wrong");
    }

    [Theory]
    [InlineData("/nonexistent/in.pcap", null, "/nonexistent/in.pcap")]
    [InlineData(null, "/nonexistent/out.pcapng", "/nonexistent/out.pcapng")]
    [InlineData("/dev/null", null, "empty")]
    [InlineData("/tmp", null, "/tmp")]
    [InlineData("/tmp/a", "/tmp/../tmp/a", "two files")]
    public void FilesThatCannotBeUsedAreRefused(string? input, string? output, string expected)
    {
        var error = Assert.Throws<DeviceSpecifierException>(() => new PcapWire(input, output, PacketRate.Max));
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void NothingIsAllocatedPerFrame()
    {
        using TemporaryFile input = new(), output = new();
        Write(input.Path, [.. Enumerable.Repeat(new byte[1514], 5000)]);
        using var wire = new PcapWire(input.Path, output.Path, PacketRate.Max);
        long now = 0;
        Allocations.None(() => wire.Send(wire.Receive(++now, out _), now), 1000); // more than one full buffer
        Assert.InRange(wire.Statistics.Sent, 1000, 5000);
    }

    private static void Write(string path, byte[][] frames)
    {
        using var writer = PcapngWriter.Create(path);
        foreach (byte[] frame in frames) writer.Write(frame, 0);
    }

    private static List<byte[]> Read(string path)
    {
        using var reader = CaptureReader.Open(path);
        var frames = new List<byte[]>();
        while (reader.Read(out var frame)) frames.Add(frame.ToArray());
        return frames;
    }
}
