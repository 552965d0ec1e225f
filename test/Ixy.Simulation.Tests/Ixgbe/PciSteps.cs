using Ixy.Hosting.Interrupts;
using Ixy.Simulation.Ixgbe;

namespace Ixy.Simulation.Tests.Ixgbe;

/// <summary>What tests of the PCI function and of interrupts have in common.</summary>
internal static class PciSteps
{
    /// <summary>A card whose link stays down, so that the only causes are those that the test raises.</summary>
    internal static CardBench QuietBench() => new(new IxgbeCardOptions { LinkUpDelay = long.MaxValue / 2 });

    internal static uint Config(this CardBench bench, int offset, int size = 4) => bench.Card.ReadConfig(offset, size);

    internal static void SetConfig(this CardBench bench, int offset, uint value, int size = 4) =>
        bench.Card.WriteConfig(offset, value, size);

    /// <summary>MSI-X on (9.3.8.1), and the vectors unmasked that are asked for.</summary>
    internal static void EnableMsix(this CardBench bench, params int[] vectors)
    {
        bench.SetConfig(0x72, 0x8000, 2);
        foreach (int vector in vectors) bench.MaskVector(vector, false);
    }

    internal static void MaskVector(this CardBench bench, int vector, bool masked) =>
        bench.Card.WriteBar(4, (uint)vector * 16 + 12, masked ? 1u : 0u);

    /// <summary>A pending bit in BAR 4.</summary>
    internal static bool IsPending(this CardBench bench, int vector) =>
        (bench.Card.ReadBar(4, 0x2000 + (uint)vector / 32 * 4) >> vector % 32 & 1) != 0;

    /// <summary>The rule was broken so often, and no other.</summary>
    internal static void AssertViolation(CardBench bench, string rule, int times = 1) =>
        Assert.Equal(Enumerable.Repeat(rule, times), bench.Card.Violations.All.Select(violation => violation.Rule));
}

/// <summary>A host's interrupt controller: keeps what arrives.</summary>
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
