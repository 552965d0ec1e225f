using Microsoft.Win32.SafeHandles;

namespace Ixy.Vfio.Interop;

/// <summary>A kernel file, with errors that say what to do.</summary>
internal static partial class KernelFile
{
    /// <exception cref="PrivilegeException">This user may not open it.</exception>
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
