namespace Ixy.Ixgbe;

public static partial class IxgbeRegisters
{
    /// <summary>Every register of this table, in order.</summary>
    public static IReadOnlyList<Register> All => field ??= Register.DeclaredIn(typeof(IxgbeRegisters));
}
