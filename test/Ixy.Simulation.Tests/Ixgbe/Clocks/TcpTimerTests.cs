using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;
using static Ixy.Simulation.Tests.Ixgbe.PciSteps;

namespace Ixy.Simulation.Tests.Ixgbe.Clocks;

/// <summary>The TCP timer (82599 datasheet 7.3.3, 8.2.3.1).</summary>
public sealed class TcpTimerTests
{
    private const uint KickStart = 1 << 8, CountEnable = 1 << 9, CountFinish = 1 << 10, Loop = 1 << 11, Cause = 1 << 30;

    private static bool HasExpired(CardBench bench) => (bench.Read(EICR) & Cause) != 0;

    [Fact]
    public void ItEndsOnceAfterItsDuration()
    {
        using var bench = QuietBench();
        bench.Write(TCPTIMER, 10 | KickStart | CountEnable);
        Assert.Equal(10 | CountEnable, bench.Read(TCPTIMER));
        bench.Run(9_990_000);
        Assert.False(HasExpired(bench));
        bench.Run(20_000);
        Assert.True(HasExpired(bench));
        bench.Run(30_000_000);
        Assert.False(HasExpired(bench));
    }

    [Fact]
    public void WithLoopItEndsAgainAndAgain()
    {
        using var bench = QuietBench();
        bench.Write(TCPTIMER, 2 | KickStart | CountEnable | Loop);
        for (int i = 0; i < 5; i++)
        {
            bench.Run(2_010_000);
            Assert.True(HasExpired(bench));
        }
    }

    [Fact]
    public void ItStandsStillWhileCountingIsDisabled()
    {
        using var bench = QuietBench();
        bench.Write(TCPTIMER, 2 | KickStart | CountEnable);
        bench.Run(1_000_000);
        bench.Write(TCPTIMER, 2);
        bench.Run(10_000_000);
        Assert.False(HasExpired(bench));
        bench.Write(TCPTIMER, 2 | CountEnable);
        bench.Run(990_000);
        Assert.False(HasExpired(bench));
        bench.Run(20_000);
        Assert.True(HasExpired(bench));
    }

    [Fact]
    public void CountFinishEndsItWithoutInterrupt()
    {
        using var bench = QuietBench();
        bench.Write(TCPTIMER, 2 | KickStart | CountEnable);
        bench.Write(TCPTIMER, 2 | CountEnable | CountFinish);
        bench.Run(10_000_000);
        Assert.False(HasExpired(bench));
    }
}
