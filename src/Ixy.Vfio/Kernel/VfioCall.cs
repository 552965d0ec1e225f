using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio.Kernel;

/// <summary>The forms of VFIO requests.</summary>
internal static unsafe class VfioCall
{
    /// <summary>
    /// Requests an info structure with its capabilities: if the buffer is too short, the kernel returns the length it
    /// needs in the structure's first field.
    /// </summary>
    /// <param name="fd">The container or device.</param>
    /// <param name="request">One of the GET_INFO requests.</param>
    /// <param name="length">Length of the structure without capabilities.</param>
    /// <param name="index">Third field: which region or interrupt; 0 if it has none.</param>
    /// <param name="what">Start of the exception's message.</param>
    /// <exception cref="PciDeviceException">The kernel refused.</exception>
    internal static byte[] Query(int fd, nuint request, int length, int index, string what)
    {
        while (true)
        {
            var info = new byte[length];
            BinaryPrimitives.WriteInt32LittleEndian(info, length);
            BinaryPrimitives.WriteInt32LittleEndian(info.AsSpan(8), index);
            fixed (byte* argument = info)
            {
                if (Libc.ioctl(fd, request, argument) < 0) throw new PciDeviceException($"{what}: {Libc.LastError()}");
            }
            int needed = BinaryPrimitives.ReadInt32LittleEndian(info);
            if (needed <= length) return info;
            length = needed;
        }
    }

    /// <summary>As above, for a structure that has no capabilities.</summary>
    internal static T Query<T>(int fd, nuint request, int index, string what) where T : unmanaged =>
        MemoryMarshal.Read<T>(Query(fd, request, sizeof(T), index, what));
}
