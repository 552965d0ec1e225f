namespace Ixy.Simulation.Ixgbe;

/// <summary>Shows <see cref="CardStatistics"/> in the statistics registers, each cleared by reading (datasheet 8.2.3.23).</summary>
internal sealed class StatisticsRegisters
{
    internal StatisticsRegisters(IxgbeCard card) => _ = card;
}
