using System.Runtime.CompilerServices;
using Ixy.Ixgbe;

namespace Ixy.Simulation.Ixgbe.Registers;

/// <summary>
/// Every register of the card: those the driver uses, and those that only other drivers use (datasheet chapter 8). One
/// file per section of the datasheet; field constants are next to their register, or where the model uses them.
/// </summary>
internal static partial class CardRegisters
{
    /// <summary>The whole table.</summary>
    internal static IReadOnlyList<Register> All => field ??=
        [.. IxgbeRegisters.All, .. IxgbeFeatureRegisters.All, .. Register.DeclaredIn(typeof(CardRegisters))];

    /// <summary>
    /// Aliases of registers: the first elements of some arrays are also visible where the 82598 had them.
    /// </summary>
    internal static IReadOnlyList<Alias> Aliases => field ??=
    [
        new(IxgbeRegisters.DCA_RXCTRL, 0x02200, 16), new(IxgbeRegisters.SRRCTL, 0x02100, 16),
        new(IxgbeFeatureRegisters.RAL, 0x05400, 16, 8), new(IxgbeRegisters.RAH, 0x05404, 16, 8),
        new(IxgbeRegisters.PSRTYPE, 0x05480, 16), new(IxgbeFeatureRegisters.MRQC, 0x0EC80, 1),
        new(IxgbeFeatureRegisters.RSSRK, 0x0EB80, 10),
        new(IxgbeFeatureRegisters.RETA, 0x0EB00, 32), new(PBACL, 0x11068, 1), new(QPTC, 0x06030, 16, 0x40),
    ];

    /// <summary>The registers of one of the models: the 82599 has fewer than its successors.</summary>
    internal static IReadOnlyList<Register> Of(IxgbeCardOptions options) =>
        [.. All.Where(register => options.IsX550 || options.IsCopper && !IsX550Only(register) || !IsLater(register))];

    /// <summary>The note for an access to an offset where this model of card has no register.</summary>
    internal static string WhatIsMissing(uint offset) =>
        All.FirstOrDefault(register => IsLater(register) && register.IsAt(offset)) is { } later
            ? $"an access to {later.Name}, which is a register of later models ({(IsX550Only(later) ? "X550" : "X540 and X550")}): it reads 0"
            : "an access where the card has no register: it reads 0";

    private static bool IsX550Only(Register register) => Table.SinceX550.Contains(register);

    private static bool IsLater(Register register) => IsX550Only(register) || Table.SinceX540.Contains(register);

    // The models differ only in plain registers.
    private static bool IsAt(this Register register, uint offset) =>
        offset >= register.Offset && offset < register.Offset + register.Count * register.Stride;

    private static Register Define(
        uint offset, string meaning, uint reset = 0, int count = 1, uint stride = 4,
        RegisterAccess access = RegisterAccess.ReadWrite, int split = int.MaxValue, uint upper = 0,
        [CallerMemberName] string name = "") =>
        new(offset, meaning, reset, count, stride, access, Split: split, Upper: upper, Name: name);

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

    /// <summary>An alias for the first elements of a register.</summary>
    /// <param name="Register">The register.</param>
    /// <param name="Offset">Where the first element is visible.</param>
    /// <param name="Count">How many elements are visible there.</param>
    /// <param name="Stride">Bytes from one to the next there.</param>
    internal sealed record Alias(Register Register, uint Offset, int Count, uint Stride = 4);

    // A separate class, so that it is initialised before the rows, whichever file comes first.
    private static class Table
    {
        // Which registers of the driver's table, and of the rows here, only later models have.
        internal static readonly HashSet<Register> SinceX540 = [], SinceX550 = [IxgbeFeatureRegisters.ERETA];
    }
}
