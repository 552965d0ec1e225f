using Ixy.Hosting.Interop;

namespace Ixy.Fuzz;

/// <summary>File descriptors: what peers pass to each other, and how many this process has open.</summary>
internal static class Descriptors
{
    /// <summary>Counts only the kinds used by servers and clients; the runtime opens files whenever it likes.</summary>
    internal static int Count() => Directory.GetFileSystemEntries("/proc/self/fd")
        .Select(descriptor => new FileInfo(descriptor).LinkTarget ?? "")
        .Count(target => target.StartsWith("socket:", StringComparison.Ordinal)
            || target.Contains("[eventfd]") || target.Contains("memfd:"));

    internal static int MemoryFile(int length, int seals)
    {
        int file = Libc.memfd_create("fuzz", Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING);
        bool isMade = file >= 0 && Libc.ftruncate(file, length) == 0
            && (seals == 0 || Libc.fcntl(file, Libc.F_ADD_SEALS, seals) == 0);
        FuzzException.Require(isMade, $"no memory file: {Libc.LastError()}");
        return file;
    }

    internal static int Event() => Vfio.Interop.Libc.eventfd(0, Vfio.Interop.Libc.EFD_NONBLOCK);
}
