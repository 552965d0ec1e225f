using FsCheck;
using FsCheck.Fluent;

namespace Ixy.Tests.Simulation.Wires;

/// <summary>Something that must hold for every value; FsCheck looks for one where it does not, and makes that small.</summary>
internal static class Property
{
    internal static void Holds<T>(Action<T> check, int tests = 200)
    {
        var property = Prop.ForAll<T>(check);
        FsCheck.Check.One(Config.QuickThrowOnFailure.WithMaxTest(tests), property);
    }
}
