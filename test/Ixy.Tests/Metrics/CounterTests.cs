using Ixy.Ixgbe;
using Ixy.Simulation;
using Ixy.Simulation.Ixgbe;
using Ixy.Simulation.Ixgbe.Registers;
using Ixy.Vfio;

namespace Ixy.Tests.Metrics;

/// <summary>Totals are right even if nobody reads them. The test controls the clock.</summary>
public sealed class CounterTests
{
    private const ulong Full32 = uint.MaxValue, Full36 = (1ul << 36) - 1;
    private const int Ticks = 5_000;

    private readonly HandTime _time = new();

    // Between two ticks every counter of the card reaches its maximum; 5,000 ticks are a day at line rate.
    [Theory]
    [InlineData(0x10FB)]
    [InlineData(0x1528)]
    [InlineData(0x1563)]
    public void TotalsAreRightWhenEveryCounterIsFullEachTime(int deviceId)
    {
        var card = new IxgbeCard(new IxgbeCardOptions { DeviceId = (ushort)deviceId }, new FarEnd());
        using var device = Open(card);
        for (int i = 0; i < Ticks; i++)
        {
            SimulatedPciDevice.BetweenTurns(() => Fill(card));
            _time.Tick();
        }
        var counted = device.ReadStatistics();
        const long Packets = (long)Full32 * Ticks, Bytes = (long)Full36 * Ticks;
        Assert.Equal((Packets, Bytes), (counted.RxPackets, counted.RxBytes));
        Assert.Equal((Packets, Bytes - 4 * Packets), (counted.TxPackets, counted.TxBytes));
        Assert.Equal(24 * Packets, counted.RxMissed);
        Assert.Equal((Packets, 3 * Packets), (counted.RxCrcErrors, counted.RxLengthErrors));
    }

    // What the timer prevents: the card's counters stop at their maximum, and further events are lost.
    [Fact]
    public void WithoutATickACounterStops()
    {
        using var bench = new DriverBench();
        SimulatedPciDevice.BetweenTurns(() =>
        {
            for (int i = 0; i < 3; i++) Fill((IxgbeCard)bench.Card);
        });
        var counted = bench.Device.ReadStatistics();
        Assert.Equal(((long)Full32, (long)Full36), (counted.RxPackets, counted.RxBytes));
    }

    // The interval must be shorter than the shortest counter lasts, even at ten times the wire's speed.
    [Fact]
    public void TheIntervalIsShortEnough()
    {
        const double BytesPerSecond = 10e9 / 8;
        Assert.InRange(IxgbeDevice.CounterInterval.TotalSeconds * 10, 1, Full36 / BytesPerSecond);
    }

    [Fact]
    public void TheTimerRunsWhileTheDeviceIsOpen()
    {
        var device = Open(NewCard());
        Assert.Equal(IxgbeDevice.CounterInterval, _time.Timer!.Due);
        Assert.Equal(IxgbeDevice.CounterInterval, _time.Timer.Period);
        _time.Tick();
        Assert.False(_time.Timer.IsDisposed);
        device.Dispose();
        Assert.True(_time.Timer.IsDisposed);
    }

    // A program that catches the timer's exception continues, and so do the totals.
    [Fact]
    public void AfterAnErrorTheTimerRunsOn()
    {
        bool isBroken = false;
        int reads = 0;
        using var device = Open(NewCard(), Answer);
        isBroken = true;
        Assert.Throws<InvalidOperationException>(_time.Tick);
        isBroken = false;
        int before = reads;
        _time.Tick();
        Assert.NotEqual(before, reads);

        uint Answer(uint offset, uint value)
        {
            reads++;
            return isBroken ? throw new InvalidOperationException("broken") : value;
        }
    }

    // A tick in progress may reach a device only after it was closed.
    [Fact]
    public void ADeviceThatIsClosedIsNotTouched()
    {
        int reads = 0;
        using var function = new SimulatedPciDevice("sim:test", NewCard());
        var device = NetworkDevice.Open(
            new InterposedDevice(function) { OwnsCard = false, Answer = Count, Time = _time }, DriverBench.Defaults);
        int before = reads;
        _time.Tick();
        Assert.NotEqual(before, reads);
        device.Dispose();
        int after = reads;
        _time.Tick();
        Assert.Equal(after, reads);

        uint Count(uint offset, uint value)
        {
            reads++;
            return value;
        }
    }

    // An exception from a timer ends the process.
    [Fact]
    public void ADeviceThatIsGoneCountsNothingMoreAndThrowsNothing()
    {
        bool isGone = false;
        using var device = Open(NewCard(), Answer);
        isGone = true;
        _time.Tick();
        Assert.False(_time.Timer!.IsDisposed);
        Assert.Throws<PciDeviceException>(() => device.ReadStatistics());
        isGone = false;

        uint Answer(uint offset, uint value) => isGone ? throw new PciDeviceException("gone") : value;
    }

    // It answers for the first counter, and not for those behind it. All ones are not counts.
    [Fact]
    public void WhatACardAnswersThatLeavesMeanwhileIsNotCounted()
    {
        bool leaves = false, isGone = false;
        using var device = Open(NewCard(), Answer);
        leaves = true;
        Assert.Throws<DeviceGoneException>(() => device.ReadStatistics());
        leaves = isGone = false;
        Assert.Equal(default, device.ReadStatistics());

        uint Answer(uint offset, uint value)
        {
            uint answer = isGone ? uint.MaxValue : value;
            isGone |= leaves && offset == IxgbeRegisters.GPTC;
            return answer;
        }
    }

    // The card counts, the timer ticks, and two threads read: nothing is counted twice or missed.
    [Fact]
    public void WhoeverReadsTheCountersNothingIsLost()
    {
        const int Steps = 3_000;
        var card = NewCard();
        using var device = Open(card);
        bool done = false;
        var ask = () => Repeat(() => device.ReadStatistics());
        Thread[] readers = [new(() => ask()), new(() => ask()), new(() => Repeat(_time.Tick))];
        foreach (var reader in readers) reader.Start();
        for (int i = 0; i < Steps; i++)
        {
            SimulatedPciDevice.BetweenTurns(() =>
            {
                card.Statistics.QPRC[0] += 3;
                card.Statistics.QBRC[0] += 5_000_000;
            });
        }
        Volatile.Write(ref done, true);
        foreach (var reader in readers) reader.Join();
        var counted = device.ReadStatistics();
        Assert.Equal((3L * Steps, 5_000_000L * Steps), (counted.RxPackets, counted.RxBytes));

        void Repeat(Action action)
        {
            while (!Volatile.Read(ref done)) action();
        }
    }

    // 'ixy fwd' reads its cards while they are paused. In a world of its own, so that a hang affects no other test.
    [Fact]
    public void WhoReadsWhileTheCardStandsStillDoesNotWaitForWhoWaitsForTheCard()
    {
        var longest = TimeSpan.FromSeconds(10);
        var world = new VirtualWorld(seed: 13);
        var device = world.Open("sim:ixgbe");
        var timer = new Thread(() => device.ReadStatistics()) { IsBackground = true };
        var reader = new Thread(() => device.PciDevice.Exclusively(ReadWhileTheOtherDoes)) { IsBackground = true };
        reader.Start();
        Assert.True(reader.Join(2 * longest), "each waits for the other");
        Assert.True(timer.Join(longest));
        device.Dispose();

        DeviceStatistics ReadWhileTheOtherDoes()
        {
            timer.Start();
            SpinWait.SpinUntil(() => timer.ThreadState.HasFlag(ThreadState.WaitSleepJoin), longest);
            return device.ReadStatistics();
        }
    }

    private static void Fill(IxgbeCard card)
    {
        var counters = card.Statistics;
        for (int i = 0; i < CardStatistics.TrafficClasses; i++) counters.MPC[i] += Full32;
        for (int i = 0; i < CardStatistics.QueueCounters; i++) counters.QPRDC[i] += Full32;
        counters.QPRC[0] += Full32;
        counters.QBRC[0] += Full36;
        counters.GPTC += Full32;
        counters.GOTC += Full36;
        counters.CRCERRS += Full32;
        counters.RLEC += Full32;
        counters.RUC += Full32;
        counters.ROC += Full32;
    }

    private static IxgbeCard NewCard() => new(new IxgbeCardOptions(), new FarEnd());

    private NetworkDevice Open(IxgbeCard card, Func<uint, uint, uint>? answer = null) =>
        NetworkDevice.Open(new InterposedDevice(new SimulatedPciDevice("sim:test", card))
        {
            Answer = answer ?? ((_, value) => value),
            Time = _time,
        }, DriverBench.Defaults);

    /// <summary>A clock that the test controls.</summary>
    private sealed class HandTime : TimeProvider
    {
        internal HandTimer? Timer { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            Timer = new HandTimer(() => callback(state)) { Due = dueTime, Period = period };

        /// <summary>Fires the timer.</summary>
        internal void Tick() => Timer!.Fire();
    }

    private sealed class HandTimer(Action callback) : ITimer
    {
        internal TimeSpan Due { get; init; }

        internal TimeSpan Period { get; init; }

        internal bool IsDisposed { get; private set; }

        internal void Fire() => callback();

        public bool Change(TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException();

        public void Dispose() => IsDisposed = true;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
