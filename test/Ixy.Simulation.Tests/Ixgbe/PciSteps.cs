using Ixy.Hosting.Interrupts;
using Ixy.Simulation.Ixgbe;

namespace Ixy.Simulation.Tests.Ixgbe;

/// <summary>Helpers shared by the tests of the PCI function and of interrupts.</summary>
internal static class PciSteps
{
    /// <summary>A card whose link stays down, so that the only causes are those that the test raises.</summary>
    internal static CardBench QuietBench() => new(new IxgbeCardOptions { LinkUpDelay = long.MaxValue / 2 });

    internal static uint Config(this CardBench bench, int offset, int size = 4) => bench.Card.ReadConfig(offset, size);

    internal static void SetConfig(this CardBench bench, int offset, uint value, int size = 4) =>
        bench.Card.WriteConfig(offset, value, size);

    /// <summary>Enables MSI-X (9.3.8.1) and unmasks the given vectors.</summary>
    internal static void EnableMsix(this CardBench bench, params int[] vectors)
    {
        bench.SetConfig(0x72, 0x8000, 2);
        foreach (int vector in vectors) bench.MaskVector(vector, false);
    }

    internal static void MaskVector(this CardBench bench, int vector, bool masked) =>
        bench.Card.WriteBar(4, (uint)vector * 16 + 12, masked ? 1u : 0u);

    /// <summary>Whether a vector's pending bit in BAR 4 is set.</summary>
    internal static bool IsPending(this CardBench bench, int vector) =>
        (bench.Card.ReadBar(4, 0x2000 + (uint)vector / 32 * 4) >> vector % 32 & 1) != 0;

    /// <summary>Asserts that the rule was broken that many times, and no other was.</summary>
    internal static void AssertViolation(CardBench bench, string rule, int times = 1) =>
        Assert.Equal(Enumerable.Repeat(rule, times), bench.Card.Violations.All.Select(violation => violation.Rule));
}

/// <summary>A host's interrupt controller: records what arrives.</summary>
internal sealed class InterruptLog : IInterruptTarget
{
    internal List<int> Messages { get; } = [];

    internal bool IsLineAsserted { get; private set; }

    internal int LineChanges { get; private set; }

    public void Message(int vector) => Messages.Add(vector);

    public void Line(bool asserted)
    {
        IsLineAsserted = asserted;
        LineChanges++;
    }

    internal static InterruptLog Attach(CardBench bench)
    {
        var log = new InterruptLog();
        bench.Card.InterruptTarget = log;
        return log;
    }
}
