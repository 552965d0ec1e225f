namespace Ixy.Fuzz;

/// <summary>A run is a find: it threw, or did what it must not do.</summary>
public sealed class FuzzException(string message, Exception? inner = null) : Exception(message, inner)
{
    internal static void Require(bool isRight, string found)
    {
        if (!isRight) throw new FuzzException(found);
    }
}
