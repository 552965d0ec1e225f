using System.Runtime.InteropServices;

namespace Ixy;

/// <summary>
/// A word that several threads write, alone in its cache lines (two, because CPUs fetch them in pairs).
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct PaddedWord
{
    [FieldOffset(128)]
    internal long Value;
}
