using Ixy.Simulation.Cards;
using Ixy.Simulation.Wires;
using Ixy.Vfio;

namespace Ixy.Simulation.Tests.Wires;

/// <summary>The ring, and the two wires that are little more than a ring.</summary>
public sealed class FrameRingTests
{
    [Fact]
    public void ARingKeepsWhatItTookInOrder() => Property.Holds<int[]>(steps =>
    {
        const int capacity = 128, longestEntry = 48; // small, so that every way of filling it occurs
        var ring = new FrameRing(capacity);
        var expected = new Queue<byte[]>();
        byte filler = 0;
        byte[]? held = null;
        ReadOnlySpan<byte> taken = [];
        foreach (int step in steps)
        {
            if (step % 3 == 0)
            {
                taken = ring.Take();
                expected.TryDequeue(out held);
            }
            else
            {
                var frame = new byte[1 + Math.Abs(step * 7) % 44];
                Array.Fill(frame, ++filler);
                bool added = ring.TryAdd(frame);
                if (added) expected.Enqueue(frame);
                else Assert.True(
                    expected.Sum(Entry) + Entry(held) + Entry(frame) + longestEntry >= capacity, "refused too early");
            }
            Assert.Equal(held ?? [], taken.ToArray()); // what was taken stays valid until the next one is taken
            Assert.Equal(expected.Count, ring.Count);
        }
    }, tests: 3000);

    private static int Entry(byte[]? frame) => frame is null ? 0 : (sizeof(int) + frame.Length + 7) / 8 * 8;

    [Fact]
    public void ALoopbackReturnsEverythingUntilItIsFull()
    {
        using var wire = new LoopbackWire(4096);
        byte[] frame = new byte[60];
        for (int i = 0; i < 100; i++)
        {
            frame[0] = (byte)i;
            wire.Send(frame, 0);
        }
        int returned = 0;
        for (ReadOnlySpan<byte> back; !(back = wire.Receive(0, out _)).IsEmpty; returned++)
        {
            Assert.Equal(60, back.Length);
            Assert.Equal(returned, back[0]);
        }
        Assert.InRange(returned, 56, 64); // 4 KiB of frames, each with a small header
        Assert.Equal(
            (100, returned, 100 - returned), (wire.Statistics.Received, wire.Statistics.Sent, wire.Statistics.Dropped));
    }

    [Fact]
    public void ALoopbackHoldsFourMebibytes()
    {
        using var wire = new LoopbackWire();
        for (int i = 0; i < 50_000; i++) wire.Send(new byte[60], 0);
        Assert.Equal(0, wire.Statistics.Dropped);
    }

    [Fact]
    public void ACableCarriesBothWaysWhileBothEndsArePluggedIn()
    {
        using var left = CableWire.PlugIn(World.RealTime, nameof(ACableCarriesBothWaysWhileBothEndsArePluggedIn));
        Assert.False(left.HasSignal);
        left.Send([1], 0);
        Assert.Equal(1, left.Statistics.Dropped);

        using var right = CableWire.PlugIn(World.RealTime, nameof(ACableCarriesBothWaysWhileBothEndsArePluggedIn));
        Assert.True(left.HasSignal && right.HasSignal);
        left.Send([1, 2, 3], 0);
        right.Send([4, 5], 0);
        left.Send([6], 0);
        Assert.Equal([1, 2, 3], right.Receive(0, out _).ToArray());
        Assert.Equal([6], right.Receive(0, out _).ToArray());
        Assert.Equal([4, 5], left.Receive(0, out _).ToArray());
        Assert.True(left.Receive(0, out _).IsEmpty);
        Assert.Equal((3, 1, 1), (left.Statistics.Received, left.Statistics.Sent, left.Statistics.Dropped));
        Assert.Equal((1, 2, 0), (right.Statistics.Received, right.Statistics.Sent, right.Statistics.Dropped));
    }

    [Fact]
    public void ACableHasTwoEnds()
    {
        const string name = nameof(ACableHasTwoEnds);
        using var left = CableWire.PlugIn(World.RealTime, name);
        var right = CableWire.PlugIn(World.RealTime, name);
        var error = Assert.Throws<DeviceSpecifierException>(() => CableWire.PlugIn(World.RealTime, name));
        Assert.Contains(name, error.Message);
        right.Dispose();
        Assert.False(left.HasSignal);
        Assert.False(right.HasSignal);
        right.Dispose(); // a second dispose does nothing
        using var again = CableWire.PlugIn(World.RealTime, name);
        Assert.True(left.HasSignal);
        left.Send([7], 0);
        Assert.Equal([7], again.Receive(0, out _).ToArray());
    }

    [Fact]
    public void ACableDropsWhatDoesNotFit()
    {
        using var left = CableWire.PlugIn(World.RealTime, nameof(ACableDropsWhatDoesNotFit));
        using var right = CableWire.PlugIn(World.RealTime, nameof(ACableDropsWhatDoesNotFit));
        byte[] frame = new byte[15_996];
        for (int i = 0; i < 300; i++) left.Send(frame, 0);
        int came = 0;
        while (!right.Receive(0, out _).IsEmpty) came++;
        Assert.InRange(came, 250, 262); // as many as fit into 4 MiB
        Assert.Equal(300 - came, left.Statistics.Dropped);
    }

    [Fact]
    public void NothingIsAllocatedPerFrame()
    {
        using var left = CableWire.PlugIn(World.RealTime, "allocation");
        using var right = CableWire.PlugIn(World.RealTime, "allocation");
        using var loopback = new LoopbackWire();
        byte[] frame = new byte[1514];
        void Turn()
        {
            left.Send(frame, 0);
            right.Receive(0, out _);
            loopback.Send(frame, 0);
            loopback.Receive(0, out _);
        }
        Allocations.None(Turn, 10_000);
    }

    [Fact]
    public void AnEmptyPortHasNoSignal()
    {
        using var wire = new UnpluggedWire();
        Assert.False(wire.HasSignal);
        wire.Send(new byte[60], 0);
        Assert.True(wire.Receive(0, out _).IsEmpty);
        Assert.Equal((1, 1), (wire.Statistics.Received, wire.Statistics.Dropped));
    }
}
