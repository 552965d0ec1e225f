using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace Ixy;

// For those who want all registers of a table: the card model, traces and the documentation.
public sealed partial record Register
{
    private const DynamicallyAccessedMemberTypes Fields =
        DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields;

    /// <summary>The registers that a class declares as static fields, in the order of their declaration.</summary>
    public static IReadOnlyList<Register> DeclaredIn([DynamicallyAccessedMembers(Fields)] Type table)
    {
        ArgumentNullException.ThrowIfNull(table);
        return [.. table.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Select(field => field.GetValue(null)).OfType<Register>()];
    }

    private ArgumentOutOfRangeException NoElement(int index) =>
        new(nameof(index), index, $"{Name} has the elements 0 to {Count - 1}");
}
