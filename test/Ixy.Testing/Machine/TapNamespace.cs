namespace Ixy.Testing.Machine;

/// <summary>A network namespace for one test, with one TAP interface in it.</summary>
internal sealed class TapNamespace : IDisposable
{
    private static int s_count;

    internal TapNamespace()
    {
        string id = $"{Environment.ProcessId % 100_000}{(char)('a' + Interlocked.Increment(ref s_count))}";
        (Name, Interface) = ($"ixy-test-{id}", $"ixyt{id}");
        Tool.Run("ip", "netns", "add", Name);
    }

    internal string Name { get; }

    internal string Interface { get; }

    /// <summary>Moves the interface here from the machine's own namespace, and brings it up.</summary>
    internal void Adopt(string address)
    {
        Tool.Run("ip", "link", "set", Interface, "netns", Name);
        Tool.Run("ip", "-n", Name, "address", "add", address, "dev", Interface);
        Tool.Run("ip", "-n", Name, "link", "set", Interface, "up");
    }

    public void Dispose() => Tool.Run("ip", "netns", "delete", Name);
}
