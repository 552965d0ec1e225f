using System.Globalization;
using Ixy.Vfio;

namespace Ixy.Vm.Probe;

/// <summary>Prints what the probe found, one fact per line.</summary>
internal static class Fact
{
    internal static void Print(string name, string value) => Console.WriteLine($"{name}={value}");

    internal static void Print(string name, bool value) => Print(name, value ? "yes" : "no");

    internal static void Print(string name, uint value) =>
        Print(name, $"0x{value.ToString("x", CultureInfo.InvariantCulture)}");
}

/// <summary>Interrupts that arrive, and those that do not.</summary>
internal static class Interrupts
{
    /// <summary>The vectors that fire within two seconds (or the given time), or "timeout".</summary>
    internal static string WaitFor(InterruptWaiter waiter, int milliseconds = 2000)
    {
        var fired = new InterruptVector[4];
        int count = waiter.Wait(fired, TimeSpan.FromMilliseconds(milliseconds));
        return count == 0 ? "timeout" : string.Join(",", fired.Take(count).Select(vector => vector.Index).Order());
    }
}

/// <summary>Open descriptors and locked memory of this process, before and after.</summary>
internal static class Leaks
{
    /// <summary>
    /// Runs an action twice. The first time the runtime opens files that it keeps (its assemblies); the second time
    /// nothing may remain.
    /// </summary>
    internal static void Check(Action run)
    {
        run();
        _ = Descriptors();
        var (descriptors, locked) = (Descriptors(), Status("VmLck:"));
        run();
        Fact.Print("descriptors-before", descriptors);
        Fact.Print("descriptors-after", Descriptors());
        Fact.Print("locked-before", locked);
        Fact.Print("locked-after", Status("VmLck:"));
    }

    internal static string Status(string name) =>
        File.ReadLines("/proc/self/status")
        .First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Trim();

    private static string Descriptors() => string.Join(",", Directory.GetFileSystemEntries("/proc/self/fd")
        .Select(entry => new FileInfo(entry).LinkTarget)
        .Where(target => target is not null && !target.EndsWith("/fd", StringComparison.Ordinal)).Order());
}
