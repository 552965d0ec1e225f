using System.Globalization;
using System.Runtime.ExceptionServices;

namespace Ixy.Vfio.Tests;

/// <summary>Threads that are pinned to a core.</summary>
public sealed class PinnedWorkerTests
{
    private static int Core => ThreadPlacement.AllowedCores()[^1];

    [Fact]
    public void TheBodyRunsOnItsCoreUnderItsName()
    {
        IReadOnlyList<int> cores = [];
        string? name = null;
        using var worker = PinnedWorker.Start("test worker", Core, self =>
        {
            cores = ThreadPlacement.AllowedCores();
            name = Thread.CurrentThread.Name;
            Assert.Equal((Core, "test worker"), (self.Core, self.Name));
        });
        worker.Join();
        Assert.Equal([Core], cores);
        Assert.Equal("test worker", name);
    }

    [Fact]
    public void WhatTheBodyThrowsIsThrownByJoinWithItsTypeAndPlace()
    {
        using var worker = PinnedWorker.Start("failing", Core, _ => FailingMethod());
        for (int i = 0; i < 2; i++)
        {
            var error = Assert.Throws<DeviceTimeoutException>(worker.Join);
            Assert.Equal("as was to be shown", error.Message);
            Assert.Contains(nameof(FailingMethod), error.StackTrace);
        }
    }

    [Fact]
    public void DisposeEndsTheBodyAndThrowsNothing()
    {
        var worker = PinnedWorker.Start("failing in the end", Core, self =>
        {
            while (!self.StopRequested) Thread.Yield();
            FailingMethod();
        });
        worker.Dispose();
        Assert.True(worker.StopRequested);
        Assert.Throws<DeviceTimeoutException>(worker.Join);
    }

    [Fact]
    public void ACoreThatDoesNotExistIsTold()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => PinnedWorker.Start("nowhere", -1, _ => { }));
        Assert.Throws<ArgumentOutOfRangeException>(() => PinnedWorker.Start("nowhere", 1024, _ => { }));
        bool ran = false;
        using var worker = PinnedWorker.Start("nowhere", 1023, _ => ran = true);
        Assert.Contains("core 1023", Assert.Throws<PciDeviceException>(worker.Join).Message);
        Assert.False(ran);
    }

    [Fact]
    public void WorkersKnowWhetherTheyAreAloneOnTheirCore()
    {
        // A core number that no machine here has, so that no other test's threads are counted.
        const int Nowhere = 1022;
        CoreUse.Enter(Nowhere);
        Assert.False(CoreUse.IsShared(Nowhere));
        CoreUse.Enter(Nowhere);
        Assert.True(CoreUse.IsShared(Nowhere));
        CoreUse.Leave(Nowhere);
        Assert.False(CoreUse.IsShared(Nowhere));
        CoreUse.Leave(Nowhere);

        using var first = PinnedWorker.Start("first", Core, self => SpinWait.SpinUntil(() => self.StopRequested));
        using var second = PinnedWorker.Start("second", Core, self => SpinWait.SpinUntil(() => self.StopRequested));
        Assert.True(first.SharesCore);
        Assert.True(second.SharesCore);
    }

    // If they did not yield, each turn would last until the scheduler ends it: milliseconds of CPU time.
    [Fact]
    public void GivingWayLetsTheOtherWorkerOfTheCoreRunAtOnce()
    {
        const int Turns = 2000;
        int turn = 0;
        using var first = PinnedWorker.Start("even", Core, self => TakeTurns(self, 0));
        using var second = PinnedWorker.Start("odd", Core, self => TakeTurns(self, 1));
        first.Join();
        second.Join();
        Assert.Equal(Turns, turn);

        void TakeTurns(PinnedWorker self, int mine)
        {
            while (Volatile.Read(ref turn) < Turns)
            {
                if (turn % 2 == mine) Volatile.Write(ref turn, turn + 1);
                else self.GiveWay();
            }
            double perTurn = ProcessorTime() / 1e6 / Turns;
            Assert.True(perTurn < 0.2, $"{perTurn} ms per turn");
        }
    }

    /// <summary>Runs code that changes the thread it runs on.</summary>
    internal static void OnThreadOfItsOwn(Action action)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    // CPU time of the calling thread in nanoseconds (kernel documentation, scheduler/sched-stats).
    private static long ProcessorTime() =>
        long.Parse(File.ReadAllText("/proc/thread-self/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);

    private static void FailingMethod() => throw new DeviceTimeoutException("as was to be shown");
}
