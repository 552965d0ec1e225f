using System.Runtime.InteropServices;

namespace Ixy.Vfio.Interop;

internal static unsafe partial class Libc
{
    /// <summary>The last call's error number and text, as "ENOMEM-style text (errno 12)".</summary>
    internal static string LastError()
    {
        int error = Marshal.GetLastPInvokeError();
        return $"{Marshal.GetPInvokeErrorMessage(error)} (errno {error})";
    }
}
