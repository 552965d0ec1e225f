using System.Runtime.InteropServices;

namespace Ixy.Vm.Probe;

/// <summary>Capabilities of the calling thread (capabilities(7)).</summary>
internal static unsafe partial class Capabilities
{
    private const uint Version3 = 0x2008_0522;
    private const int SysAdmin = 21;

    /// <summary>Drops CAP_SYS_ADMIN, which even root needs to see physical addresses.</summary>
    internal static void DropSysAdmin()
    {
        // Version and thread (0: this one); then effective, permitted and inheritable sets, first their lower 32 bits,
        // then the upper ones.
        uint* header = stackalloc uint[2] { Version3, 0 };
        uint* sets = stackalloc uint[6];
        if (capget(header, sets) < 0) throw new InvalidOperationException("capget");
        for (int set = 0; set < 3; set++) sets[set] &= ~(1u << SysAdmin);
        if (capset(header, sets) < 0) throw new InvalidOperationException("capset");
    }

    [LibraryImport("libc")]
    private static partial int capget(uint* header, uint* sets);

    [LibraryImport("libc")]
    private static partial int capset(uint* header, uint* sets);
}
