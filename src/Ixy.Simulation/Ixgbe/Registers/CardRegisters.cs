using Ixy.Ixgbe;

namespace Ixy.Simulation.Ixgbe.Registers;

/// <summary>
/// Every register of the card: the driver's table and those that only other drivers use (datasheet chapter 8). One file
/// a section of the datasheet; field constants stand beside their register.
/// </summary>
internal static partial class CardRegisters
{
    /// <summary>The whole table. Joined on first use, when the rows of all files have been defined.</summary>
    internal static IReadOnlyList<Register> All => field ??= [.. IxgbeRegisters.All, .. Table.Rows];

    /// <summary>The registers of one of the models: the 82599 has fewer than its successors.</summary>
    internal static IReadOnlyList<Register> Of(IxgbeCardOptions options) =>
        [.. All.Where(register => options.IsX550 || options.IsCopper && !IsX550Only(register) || !IsLater(register))];

    /// <summary>What to say of an access to an offset at which the model of a card has no register.</summary>
    internal static string WhatIsMissing(uint offset) =>
        All.FirstOrDefault(register => IsLater(register) && register.IsAt(offset)) is { } later
            ? $"an access to {later.Name}, which is a register of later models ({(IsX550Only(later) ? "X550" : "X540 and X550")}): it reads 0"
            : "an access where the card has no register: it reads 0";

    private static bool IsX550Only(Register register) => Table.SinceX550.Contains(register);

    private static bool IsLater(Register register) => IsX550Only(register) || Table.SinceX540.Contains(register);

    // The models differ in plain registers only.
    private static bool IsAt(this Register register, uint offset) =>
        offset >= register.Offset && offset < register.Offset + register.Count * register.Stride;

    private static Register Define(
        string name, uint offset, RegisterAccess access, uint reset, string meaning, int count = 1, uint stride = 4) =>
        Define(new Register(name, offset, access, reset, meaning) { Count = count, Stride = stride });

    private static Register Define(Register register)
    {
        Table.Rows.Add(register);
        return register;
    }

    // A register that the 82599 does not have.
    private static Register SinceX540(Register register)
    {
        Table.SinceX540.Add(register);
        return register;
    }

    // A register that neither the 82599 nor the X540 has.
    private static Register SinceX550(Register register)
    {
        Table.SinceX550.Add(register);
        return register;
    }

    // A class of its own, so that it is initialised before the rows in whichever file come first.
    private static class Table
    {
        internal static readonly List<Register> Rows = [];

        // Which of the driver's table are later ones, and those that the rows add.
        internal static readonly HashSet<Register> SinceX540 = [], SinceX550 = [IxgbeRegisters.ERETA];
    }
}
