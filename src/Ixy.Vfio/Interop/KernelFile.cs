using Microsoft.Win32.SafeHandles;

namespace Ixy.Vfio.Interop;

/// <summary>A file that the kernel shows, with errors for the reader.</summary>
internal static partial class KernelFile
{
    /// <exception cref="PrivilegeException">It is closed to this user.</exception>
    /// <exception cref="PciDeviceException">It cannot be opened, or there is no such file.</exception>
    internal static SafeFileHandle Open(string path, FileAccess access)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, access, FileShare.ReadWrite);
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException)
        {
            throw CannotBeOpened(path, error);
        }
    }
}
