using System.Runtime.CompilerServices;

namespace Ixy;

/// <summary>
/// Declares the registers of a device, or of a part of it: each is a static field, initialised with one of these
/// methods, and has the field's name. For static initialisers, which run on one thread.
/// </summary>
public sealed class RegisterTable
{
    private readonly List<Register> _rows = [];

    /// <summary>The registers declared so far, in order.</summary>
    public IReadOnlyList<Register> Rows => _rows;

    /// <summary>Declares a register, or an array of them; <see cref="Register"/> says what the values mean.</summary>
    public Register Add(uint offset, string meaning, uint reset = 0, int count = 1, uint stride = 4,
        RegisterAccess access = RegisterAccess.ReadWrite, int size = 4, [CallerMemberName] string name = "") =>
        Add(new(name, offset, access, reset, meaning, count, stride, size));

    /// <summary>Adds a register with an unusual layout, or one that another table declares.</summary>
    /// <returns>The register.</returns>
    public Register Add(Register register)
    {
        _rows.Add(register);
        return register;
    }
}
