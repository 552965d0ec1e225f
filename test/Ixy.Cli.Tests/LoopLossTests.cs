using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Cli.Tests;

/// <summary>A loop whose card reports that it is gone ends in good order, whatever it was about to do.</summary>
public sealed class LoopLossTests
{
    /// <summary>What a loop is doing when its card leaves.</summary>
    public enum Moment
    {
        /// <summary>Waiting for the measured part.</summary>
        Before,

        /// <summary>Being measured.</summary>
        Measured,

        /// <summary>Draining.</summary>
        Draining,
    }

    public static TheoryData<Moment, bool> Moments
    {
        get
        {
            var data = new TheoryData<Moment, bool>();
            foreach (var moment in Enum.GetValues<Moment>())
            {
                data.Add(moment, false);
                data.Add(moment, true);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Moments))]
    public void ALossIsKeptAndTheLoopEnds(Moment moment, bool isVirtual)
    {
        var world = isVirtual ? new VirtualWorld(1) : null;
        using var device = Open(world);
        var loop = new LeavingLoop(moment, () => device.PciDevice.MarkGone("its status reads as ones"));
        using var group = new LoopGroup([loop], [device]);
        Run(group, world, moment);
        Assert.Contains("its status reads as ones", group.Loss?.Message);
        Assert.Equal((1, false), (loop.GivenBack, group.RanDry));
        Assert.Empty(group.Stuck);
        Assert.Equal(moment == Moment.Before ? 0 : LeavingLoop.Rounds, group.Figures.Packets);
        Assert.InRange(group.Figures.Elapsed, TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [Theory]
    [MemberData(nameof(Moments))]
    public void AnErrorOfACardThatIsThereIsThrown(Moment moment, bool isVirtual)
    {
        var world = isVirtual ? new VirtualWorld(1) : null;
        using var device = Open(world);
        var loop = new LeavingLoop(moment, () => new PciDeviceException("something else"));
        using var group = new LoopGroup([loop], [device]);
        Assert.Equal(
            "something else", Assert.Throws<PciDeviceException>(() => Run(group, world, moment)).Message);
        Assert.Null(group.Loss);
    }

    private static NetworkDevice Open(VirtualWorld? world) =>
        NetworkDevice.Open(world?.OpenCard("sim:virtio,wire=loopback") ?? SimulatedCards.Open("sim:virtio"), new());

    // As Measurement does.
    private static void Run(LoopGroup group, VirtualWorld? world, Moment moment)
    {
        using var stop = new StopRequest();
        if (world is null) group.Start();
        else group.Start(world, new(Seed: 1, PacketTime: 30, PollTime: 50, WakeTime: 5_000));
        if (moment != Moment.Before) group.Measure();
        Assert.True(group.WaitForEnd(TimeSpan.FromSeconds(30), stop), "nobody told of the end");
        group.Finish();
    }

    private sealed class LeavingLoop(Moment moment, Func<PciDeviceException> leave) : PacketLoop
    {
        internal const int Rounds = 3;
        private int _rounds;

        internal int GivenBack { get; private set; }

        protected override int Round()
        {
            if (_rounds == Rounds && moment == Moment.Measured) throw leave();
            if (_rounds == Rounds) StopMeasuring();
            return _rounds++ < Rounds ? 1 : 0;
        }

        protected override int PassiveRound()
        {
            if (moment == Moment.Before || _rounds > 0) throw leave();
            return 0;
        }

        protected override void GiveBack() => GivenBack++;
    }
}
