namespace Ixy.Fuzz;

/// <summary>The run is a find: it threw, or did something forbidden.</summary>
public sealed class FuzzException(string message, Exception? inner = null) : Exception(message, inner)
{
    internal static void Require(bool isRight, string found)
    {
        if (!isRight) throw new FuzzException(found);
    }
}
