using Ixy.Vfio.Threads;

namespace Ixy.Vfio.Tests.Threads;

/// <summary>Which cores polling threads get.</summary>
public sealed class CoreChoiceTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("\n", "")]
    [InlineData("0\n", "0")]
    [InlineData("0-3\n", "0 1 2 3")]
    [InlineData("0,2-3,8\n", "0 2 3 8")]
    [InlineData("7, 1", "1 7")]
    public void ListsAreReadAsTheKernelWritesThem(string list, string cores) =>
        Assert.Equal(cores, string.Join(' ', CoreChoice.Parse(list)));

    [Theory]
    [InlineData("plain", 3, "0-3", "0-3", "", "", "0 1 2")]
    [InlineData("fewer cores than threads", 5, "0-1", "0-1", "", "", "0 1 0 1 0")]
    [InlineData("one core", 2, "0", "0", "", "", "0 0")]
    [InlineData("the device's node first, then others", 3, "0-3", "0-3", "", "2-3", "2 3 0")]
    [InlineData("a node without cores", 2, "0-3", "0-3", "", "", "0 1")]
    [InlineData("isolated cores, which no process has by itself", 3, "0-1", "0-3", "2-3", "", "2 3 0")]
    [InlineData("isolated cores of the node, then its others", 4, "0,2", "0-3", "1,3", "2-3", "3 2 1 0")]
    [InlineData("the node matters more than isolation", 2, "0-1", "0-3", "2-3", "0-1", "0 1")]
    [InlineData("confined by taskset", 2, "1", "0-3", "", "", "1 1")]
    [InlineData("confined by taskset to others than the isolated ones", 2, "1", "0-3", "2-3", "", "1 1")]
    [InlineData("confined by taskset to isolated ones", 2, "2-3", "0-3", "1-3", "", "2 3")]
    [InlineData("confined to another node", 2, "0-1", "0-3", "", "2-3", "0 1")]
    [InlineData("isolated, and switched off", 1, "0-1", "0-1", "2-3", "", "0")]
    public void CoresOfTheNodeAndIsolatedOnesComeFirst(
        string what, int count, string allowed, string online, string isolated, string ofNode, string expected)
    {
        var choice = new CoreChoice(
            CoreChoice.Parse(allowed), CoreChoice.Parse(online), CoreChoice.Parse(isolated), CoreChoice.Parse(ofNode));
        Assert.Equal((what, expected), (what, string.Join(' ', choice.Choose(count, _ => true))));
    }

    [Fact]
    public void WhatTheKernelRefusesIsNotChosen()
    {
        var choice = new CoreChoice([0, 1], [0, 1, 2, 3], [2, 3], []);
        Assert.Equal([3, 0, 1], choice.Choose(3, core => core == 3));
    }

    [SkippableFact]
    public void OnThisMachineTheyAreAllowedAndTheFirstComesFirst()
    {
        var allowed = ThreadPlacement.AllowedCores();
        int[] cores = ThreadPlacement.ChooseCores(100);
        Assert.Equal(100, cores.Length);
        Assert.All(cores, core => PinnedWorkerTests.OnThreadOfItsOwn(() => ThreadPlacement.PinTo(core)));
        Assert.Equal(cores[0], cores[cores.Distinct().Count()]);
        Assert.Equal(allowed, ThreadPlacement.AllowedCores());
        Skip.If(File.ReadAllText("/sys/devices/system/cpu/isolated").Trim().Length > 0,
            "this machine has isolated cores");
        Assert.Equal(allowed[0], cores[0]);
    }

    [Fact] // Only a thread that moves there can find out; afterwards it has to move back.
    public void WhoAsksForACoreDoesNotStayThere() => PinnedWorkerTests.OnThreadOfItsOwn(() =>
    {
        var allowed = ThreadPlacement.AllowedCores();
        Assert.True(ThreadPlacement.CanRunOn(allowed[^1]));
        Assert.Equal(allowed, ThreadPlacement.AllowedCores());
        Assert.False(ThreadPlacement.CanRunOn(ThreadPlacement.MostCores - 1));
        Assert.Equal(allowed, ThreadPlacement.AllowedCores());
    });

    [SkippableFact]
    public void AThreadThatIsPinnedGetsItsOwnCore() => PinnedWorkerTests.OnThreadOfItsOwn(() =>
    {
        int core = ThreadPlacement.AllowedCores()[^1];
        ThreadPlacement.PinTo(core);
        Skip.If(Environment.ProcessorCount == 1, "this machine has one core");
        Assert.Equal([core, core, core], ThreadPlacement.ChooseCores(3));
    });

    [Fact]
    public void NoThreadNeedsNoCore() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ThreadPlacement.ChooseCores(0));
}
