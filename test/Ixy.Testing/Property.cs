using FsCheck;
using FsCheck.Fluent;

namespace Ixy.Testing;

/// <summary>Something that must hold for every value; FsCheck searches for a counterexample and shrinks it.</summary>
internal static class Property
{
    internal static void Holds<T>(Action<T> check, int tests = 200)
    {
        var property = Prop.ForAll<T>(check);
        FsCheck.Check.One(Config.QuickThrowOnFailure.WithMaxTest(tests), property);
    }
}

/// <summary>Asserts that nothing is allocated in steady state (design D9).</summary>
internal static class Allocations
{
    /// <summary>
    /// Fails if every one of several rounds allocates. A single round may: the JIT starts its background thread,
    /// including its managed object, on whatever thread happens to make a method hot.
    /// </summary>
    internal static void None(Action turn, int turns)
    {
        long least = long.MaxValue;
        for (int round = 0; round < 5 && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < turns; i++) turn();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(0, least);
    }
}
