namespace Ixy.Vfio.VfioUser;

/// <summary>The other side of a vfio-user socket has gone: its process ended, or it closed the connection.</summary>
public sealed class VfioUserDisconnectedException(string message) : PciDeviceException(message);

/// <summary>The other side of a vfio-user socket sent something that the protocol does not allow.</summary>
public sealed class VfioUserProtocolException(string message) : PciDeviceException(message);

/// <summary>The server of a vfio-user device refused a command.</summary>
public sealed class VfioUserRefusedException(string message, int error) : PciDeviceException(message)
{
    /// <summary>The errno value it gave; 0 if it gave none.</summary>
    public int Error { get; } = error;
}
