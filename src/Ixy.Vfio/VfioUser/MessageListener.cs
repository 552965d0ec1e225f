using System.Runtime.InteropServices;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio.VfioUser;

/// <summary>A Unix socket in the file system that accepts clients. Disposing removes it.</summary>
public sealed unsafe class MessageListener : IDisposable
{
    private const int Waiting = 8;
    private readonly string _path;
    private int _fd;

    /// <summary>Listens at a path. A socket there that nothing serves any more is replaced.</summary>
    /// <param name="path">At most 107 bytes.</param>
    /// <exception cref="DeviceSpecifierException">No socket can have this path.</exception>
    /// <exception cref="DeviceBusyException">Another process serves clients there.</exception>
    /// <exception cref="PciDeviceException">
    /// Something else is there, or this user may not create a socket there.
    /// </exception>
    public MessageListener(string path)
    {
        _path = path;
        byte[] address = UnixAddress.Of(path);
        _fd = Libc.socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0);
        if (_fd < 0) throw new PciDeviceException($"no socket: {Libc.LastError()}");
        try
        {
            Bind(address);
        }
        catch
        {
            _ = Libc.close(_fd);
            throw;
        }
    }

    /// <summary>Waits for a client.</summary>
    /// <returns>Its connected socket, owned by the caller; -1 once <see cref="ShutDown"/> was called.</returns>
    public int Accept()
    {
        while (true)
        {
            int client = Libc.accept4(_fd, null, null, Libc.SOCK_CLOEXEC);
            if (client >= 0) return client;
            // The listening socket was shut down.
            if (Marshal.GetLastPInvokeError() is Libc.EINVAL or Libc.EBADF) return -1;
            // The client is already gone, or there are no descriptors just now.
            Thread.Sleep(10);
        }
    }

    /// <summary>Stops accepting clients: a waiting <see cref="Accept"/> returns. For any thread.</summary>
    public void ShutDown() => _ = Libc.shutdown(_fd, Libc.SHUT_RDWR);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_fd < 0) return;
        _ = Libc.close(_fd);
        _fd = -1;
        File.Delete(_path);
    }

    private void Bind(byte[] address)
    {
        if (!TryBind(address))
        {
            if (Marshal.GetLastPInvokeError() != Libc.EADDRINUSE) throw CannotBind();
            RemoveStale();
            if (!TryBind(address)) throw CannotBind();
        }
        if (Libc.listen(_fd, Waiting) == 0) return;
        var error = CannotBind();
        File.Delete(_path);
        throw error;
    }

    private bool TryBind(byte[] address)
    {
        fixed (byte* start = address) return Libc.bind(_fd, start, (uint)address.Length) == 0;
    }

    private void RemoveStale()
    {
        // A socket cannot be opened as a file.
        int file = Libc.open(_path, Libc.O_RDONLY | Libc.O_NONBLOCK | Libc.O_CLOEXEC);
        int error = Marshal.GetLastPInvokeError();
        if (file >= 0) _ = Libc.close(file);
        if (file >= 0 || error != Libc.ENXIO)
            throw new PciDeviceException(
                $"{_path} is there already and is not a socket: remove it, or choose another path");
        if (IsServed())
            throw new DeviceBusyException(
                $"{_path} is in use: another process serves a card there; end it, or choose another path");
        File.Delete(_path);
    }

    private bool IsServed()
    {
        try
        {
            MessageSocket.Connect(_path, _path).Dispose();
            return true;
        }
        catch (DeviceNotFoundException)
        {
            return false;
        }
    }

    private PciDeviceException CannotBind() => Marshal.GetLastPInvokeError() switch
    {
        Libc.ENOENT =>
            new DeviceNotFoundException(
                $"{_path}: there is no such directory: create it with 'mkdir -p {Path.GetDirectoryName(_path)}'"),
        Libc.EACCES or Libc.EPERM => new PrivilegeException(
            $"{_path}: this user may not make a socket there: choose a directory of its own, as in $XDG_RUNTIME_DIR or "
            + "/tmp"),
        _ => new PciDeviceException($"{_path}: no socket can be made there: {Libc.LastError()}"),
    };
}
