using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Simulation.Tests.Ixgbe.Transmit;

/// <summary>
/// Rate limits and credits are stored but not applied: the card reports this to any driver that uses them.
/// </summary>
public sealed class RateLimitTests
{
    private const uint Enable = 1u << 31, TenthOfTheLine = 10 << 14;

    [Fact] // 8.2.3.10: RS_ENA, of the queue in RTTDQSEL
    public void ARateLimitIsNotModelled()
    {
        using var bench = new CardBench();
        bench.Write(RTTDQSEL, 5);
        bench.Write(RTTBCNRC, 0);
        bench.Write(RTTBCNRC, TenthOfTheLine); // off
        Assert.Empty(bench.Card.Violations.All);
        bench.Write(RTTBCNRC, Enable | TenthOfTheLine);
        bench.Write(RTTBCNRC, Enable | TenthOfTheLine); // reported once
        bench.Write(RTTBCNRC, 0);
        bench.Write(RTTDQSEL, 6);
        bench.Write(RTTBCNRC, Enable);
        Assert.Equal([("not-modelled", "RTTBCNRC[5]"), ("not-modelled", "RTTBCNRC[6]")],
            bench.Card.Violations.All.Select(found => (found.Rule, found.Register)));
        Assert.Equal(Enable, bench.Read(RTTBCNRC));
    }

    // The memory of the limits survives a reset (8.2.3.10), but each driver is told of its own mistake.
    [Fact]
    public void ARateLimitIsReportedToEachDriver()
    {
        using var bench = new CardBench();
        bench.Write(RTTBCNRC, Enable);
        bench.Write(CTRL, CTRL_.RST);
        bench.Run(20_000_000);
        Assert.Single(bench.Card.Violations.All);
        Assert.Equal(Enable, bench.Read(RTTBCNRC));
        bench.Write(RTTBCNRC, Enable | TenthOfTheLine);
        bench.Write(RTTBCNRC, Enable | TenthOfTheLine);
        Assert.Equal(["not-modelled", "not-modelled"], bench.Card.Violations.All.Select(found => found.Rule));
    }

    // Linux sets the classes' credits for mqprio and DCB: the classes' queues work, so this is not a violation.
    [Theory] // 8.2.3.10.9, 8.2.3.10.10
    [InlineData("RTTDT2C")]
    [InlineData("RTTPT2C")]
    public void CreditsOfATrafficClassAreNoted(string name)
    {
        using var bench = new CardBench();
        var register = CardRegisters.All.Single(register => register.Name == name);
        bench.Write(register, 0, 2);
        Assert.Equal(0, bench.Card.Notes.Count);
        bench.Write(register, 0x1F4, 2);
        Assert.Equal(0x1F4u, bench.Read(register, 2));
        CheckNote(bench, $"{name}[2]");
    }

    [Fact] // 8.2.3.10.14: of the queue in RTTDQSEL
    public void CreditsOfAQueueAreNoted()
    {
        using var bench = new CardBench();
        bench.Write(RTTDQSEL, 7);
        bench.Write(RTTDT1C, 0);
        Assert.Equal(0, bench.Card.Notes.Count);
        bench.Write(RTTDT1C, 1);
        CheckNote(bench, "RTTDT1C[7]");
    }

    private static void CheckNote(CardBench bench, string subject)
    {
        var note = Assert.Single(bench.Card.Notes.All);
        Assert.Equal(subject, note.Subject);
        Assert.Contains("not modelled", note.Text);
        Assert.Empty(bench.Card.Violations.All);
    }
}
