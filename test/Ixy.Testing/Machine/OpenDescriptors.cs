namespace Ixy.Testing.Machine;

/// <summary>
/// Open sockets, memory files and event descriptors of this process: what a vfio-user client and server exchange.
/// </summary>
internal static class OpenDescriptors
{
    private static readonly string[] s_kinds = ["socket:", "/memfd:hand", "/memfd:ixy", "anon_inode:[event"];

    internal static int Count() =>
        Directory.GetFiles("/proc/self/fd").Select(file => new FileInfo(file).LinkTarget ?? "")
        .Count(target => s_kinds.Any(kind => target.StartsWith(kind, StringComparison.Ordinal)));
}
