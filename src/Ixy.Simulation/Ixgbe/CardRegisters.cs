using Ixy.Ixgbe;

namespace Ixy.Simulation.Ixgbe;

/// <summary>
/// Every register of the card: the driver's table and those that only other drivers use (datasheet chapter 8). One file
/// a section of the datasheet; field constants stand beside their register.
/// </summary>
internal static partial class CardRegisters
{
    /// <summary>The whole table. Joined on first use, when the rows of all files have been defined.</summary>
    internal static IReadOnlyList<Register> All => field ??= [.. IxgbeRegisters.All, .. Table.Rows];

    private static Register Define(
        string name, uint offset, RegisterAccess access, uint reset, string meaning, int count = 1, uint stride = 4) =>
        Define(new Register(name, offset, access, reset, meaning) { Count = count, Stride = stride });

    private static Register Define(Register register)
    {
        Table.Rows.Add(register);
        return register;
    }

    // A class of its own, so that it is initialised before the rows in whichever file come first.
    private static class Table
    {
        internal static readonly List<Register> Rows = [];
    }
}
