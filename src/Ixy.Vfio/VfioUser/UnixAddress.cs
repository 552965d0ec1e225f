using System.Text;

namespace Ixy.Vfio.VfioUser;

/// <summary>A path in the form the kernel takes for a Unix socket: the family, the path and a NUL (unix(7)).</summary>
internal static class UnixAddress
{
    /// <summary>Bytes of the longest path.</summary>
    internal const int LongestPath = 107;

    /// <exception cref="DeviceSpecifierException">The path is empty, too long, or contains a NUL.</exception>
    internal static byte[] Of(string path)
    {
        int length = Encoding.UTF8.GetByteCount(path);
        if (length is 0 or > LongestPath || path.Contains('\0'))
            throw new DeviceSpecifierException(
                $"'{path}' is not a path for a socket: it has {length} bytes, and 1 to {LongestPath} are possible; use "
                + "a shorter directory, as /tmp or /run");
        var address = new byte[2 + length + 1];
        BitConverter.TryWriteBytes(address, (ushort)Interop.Libc.AF_UNIX);
        Encoding.UTF8.GetBytes(path, address.AsSpan(2));
        return address;
    }
}
