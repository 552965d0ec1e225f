using System.Globalization;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio.Kernel;

/// <summary>How much memory this process may lock, and has locked: VFIO counts pinned pages as locked.</summary>
internal static unsafe class MemoryLock
{
    /// <summary>The soft limit in bytes (RLIMIT_MEMLOCK).</summary>
    internal static ulong Limit
    {
        get
        {
            ulong* softAndHard = stackalloc ulong[2];
            if (Libc.getrlimit(Libc.RLIMIT_MEMLOCK, softAndHard) < 0)
                throw new PciDeviceException($"getrlimit: {Libc.LastError()}");
            return softAndHard[0];
        }
    }

    /// <summary>Bytes locked now.</summary>
    internal static ulong Locked
    {
        get
        {
            const string Name = "VmLck:";
            string line = File.ReadLines("/proc/self/status")
                .First(line => line.StartsWith(Name, StringComparison.Ordinal));
            return ulong.Parse(
                line.AsSpan(Name.Length).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) << 10;
        }
    }
}
