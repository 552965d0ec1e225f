namespace Ixy.Vfio.Interop;

internal static partial class KernelFile
{
    private static PciDeviceException CannotBeOpened(string path, Exception error)
    {
        string message = $"{path} cannot be opened: {error.Message}";
        return error is IOException ? new PciDeviceException(message, error)
            : new PrivilegeException($"{message}; run as root");
    }
}
