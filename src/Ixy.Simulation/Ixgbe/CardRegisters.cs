using Ixy.Ixgbe;

namespace Ixy.Simulation.Ixgbe;

/// <summary>Every register of the card: the driver's table and those that only other drivers use (datasheet chapter 8).</summary>
internal static class CardRegisters
{
    internal static IReadOnlyList<Register> All { get; } = [.. IxgbeRegisters.All];
}
