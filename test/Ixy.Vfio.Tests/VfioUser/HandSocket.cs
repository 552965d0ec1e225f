using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio.Tests.VfioUser;

/// <summary>A server's end of a Unix stream socket, for bytes and descriptors assembled by hand.</summary>
internal sealed unsafe class HandSocket(int fd) : IDisposable
{
    private const int ControlLength = 16 + 64 * sizeof(int);
    private int _fd = fd;

    /// <summary>A socket listening at a path, with a queue for one client.</summary>
    internal static HandSocket Listen(string path, int backlog = 1)
    {
        int fd = Libc.socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0);
        Assert.True(fd >= 0, Libc.LastError());
        byte[] address = [1, 0, .. Encoding.UTF8.GetBytes(path), 0];
        fixed (byte* start = address) Assert.True(Libc.bind(fd, start, (uint)address.Length) == 0, Libc.LastError());
        Assert.True(Libc.listen(fd, backlog) == 0, Libc.LastError());
        return new(fd);
    }

    /// <summary>The next client; null once the socket has been shut down.</summary>
    internal HandSocket? Accept()
    {
        int fd = Libc.accept4(_fd, null, null, Libc.SOCK_CLOEXEC);
        return fd >= 0 ? new(fd) : null;
    }

    /// <summary>
    /// Sends bytes, with the descriptors attached to the first of them. False if the client has gone.
    /// </summary>
    internal bool Send(ReadOnlySpan<byte> bytes, params int[] descriptors)
    {
        byte* control = stackalloc byte[ControlLength];
        fixed (byte* start = bytes)
        {
            var part = new Libc.IoVector { start = start, length = (nuint)bytes.Length };
            var message = new Libc.MessageHeader { vectors = &part, vectorCount = 1 };
            if (descriptors.Length > 0)
            {
                int length = 16 + descriptors.Length * sizeof(int);
                BinaryPrimitives.WriteInt64LittleEndian(new(control, 8), length);
                BinaryPrimitives.WriteInt32LittleEndian(new(control + 8, 4), 1); // SOL_SOCKET
                BinaryPrimitives.WriteInt32LittleEndian(new(control + 12, 4), 1); // SCM_RIGHTS
                MemoryMarshal.AsBytes(descriptors.AsSpan()).CopyTo(new(control + 16, ControlLength - 16));
                message.control = control;
                message.controlLength = (nuint)((length + 7) & ~7);
            }
            return Libc.sendmsg(_fd, &message, Libc.MSG_NOSIGNAL) == bytes.Length;
        }
    }

    /// <summary>
    /// Receives that many bytes, and any descriptors that come with them; null if the client has gone.
    /// </summary>
    internal byte[]? Receive(int length, List<int> descriptors)
    {
        var bytes = new byte[length];
        byte* control = stackalloc byte[ControlLength];
        for (int received = 0; received < length;)
        {
            fixed (byte* start = bytes)
            {
                var part = new Libc.IoVector { start = start + received, length = (nuint)(length - received) };
                var message =
                    new Libc.MessageHeader
                    {
                        vectors = &part,
                        vectorCount = 1,
                        control = control,
                        controlLength = ControlLength
                    };
                nint count = Libc.recvmsg(_fd, &message, Libc.MSG_CMSG_CLOEXEC);
                if (count <= 0) return null;
                received += (int)count;
                // cmsg_len, level, type, then the descriptors; what follows them is padding.
                long end = message.controlLength == 0 ? 0 : BinaryPrimitives.ReadInt64LittleEndian(new(control, 8));
                for (long at = 16; at < end; at += sizeof(int)) descriptors.Add(*(int*)(control + at));
            }
        }
        return bytes;
    }

    /// <summary>Wakes a thread that waits in <see cref="Accept"/> or <see cref="Receive"/>.</summary>
    internal void ShutDown() => _ = Libc.shutdown(_fd, Libc.SHUT_RDWR);

    public void Dispose()
    {
        if (_fd >= 0) _ = Libc.close(_fd);
        _fd = -1;
    }
}
