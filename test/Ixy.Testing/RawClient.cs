using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Ixy.Vfio.Interop;

namespace Ixy.Testing;

/// <summary>A reply as it came: header fields, payload, and descriptors, which the test must close.</summary>
internal sealed record RawReply(ushort Id, ushort Command, uint Flags, uint Error, byte[] Payload, int[] Descriptors)
{
    internal uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Payload.AsSpan(offset));

    internal ulong U64(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(Payload.AsSpan(offset));
}

/// <summary>
/// The client's end of a socket, with every byte written by hand: nothing of this project's own message code is used,
/// so that a mistake there cannot hide. Header: id (2), command (2), size (4), flags (4), error (4).
/// </summary>
internal sealed unsafe class RawClient(int fd) : IDisposable
{
    internal const int Version = 1, DmaMap = 2, DmaUnmap = 3, GetInfo = 4, GetRegionInfo = 5, GetRegionIoFds = 6,
        GetIrqInfo = 7,
        SetIrqs = 8, RegionRead = 9, RegionWrite = 10, DmaRead = 11, DmaWrite = 12, Reset = 13, WriteMulti = 15;

    private ushort _id;
    private int _fd = fd;

    /// <summary>Connects to a server's socket.</summary>
    internal static RawClient Connect(string path)
    {
        byte[] address = [1, 0, .. Encoding.UTF8.GetBytes(path), 0];
        int fd = Libc.socket(1, 1, 0);
        fixed (byte* start = address) Assert.Equal(0, Libc.connect(fd, start, (uint)address.Length));
        return new(fd);
    }

    /// <summary>Creates a memory file.</summary>
    internal static int MemoryFile(long length, bool isSealed)
    {
        int file = Libc.memfd_create("test", Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING);
        Assert.Equal(0, Libc.ftruncate(file, length));
        if (isSealed) Assert.Equal(0, Libc.fcntl(file, Libc.F_ADD_SEALS, Libc.F_SEAL_SHRINK));
        return file;
    }

    /// <summary>
    /// Serves DMA_READ and DMA_WRITE while waiting for a reply: takes address, data (null to read) and count; returns
    /// data, or null for an error.
    /// </summary>
    internal Func<ulong, byte[]?, int, byte[]?>? Memory { get; set; }

    internal static byte[] Bytes(params object[] fields)
    {
        var bytes = new List<byte>();
        foreach (object field in fields)
        {
            bytes.AddRange(field switch
            {
                byte value => [value],
                ushort value => BitConverter.GetBytes(value),
                int value => BitConverter.GetBytes(value),
                uint value => BitConverter.GetBytes(value),
                ulong value => BitConverter.GetBytes(value),
                byte[] value => value,
                string value => Encoding.UTF8.GetBytes(value),
                _ => throw new ArgumentException($"{field}"),
            });
        }
        return [.. bytes];
    }

    /// <summary>Sends a command with a valid header.</summary>
    internal ushort Send(int command, byte[] payload, uint flags = 0, params int[] descriptors)
    {
        SendBytes(Bytes(++_id, (ushort)command, 16 + payload.Length, flags, 0, payload), descriptors);
        return _id;
    }

    /// <summary>Sends a command, and waits for its reply.</summary>
    internal RawReply Call(int command, byte[] payload, params int[] descriptors)
    {
        ushort id = Send(command, payload, 0, descriptors);
        var reply = Receive();
        Assert.Equal((id, (ushort)command), (reply.Id, reply.Command));
        Assert.Equal(1u, reply.Flags & 0xF);
        return reply;
    }

    /// <summary>The same for a command that must succeed.</summary>
    internal RawReply Ask(int command, byte[] payload, params int[] descriptors)
    {
        var reply = Call(command, payload, descriptors);
        Assert.Equal((1u, 0u), (reply.Flags, reply.Error));
        return reply;
    }

    /// <summary>
    /// The same for a command that must fail: the reply is a header with error bit and number, and nothing else.
    /// </summary>
    internal void Refused(int error, int command, byte[] payload, params int[] descriptors)
    {
        var reply = Call(command, payload, descriptors);
        Assert.Equal((0x21u, (uint)error), (reply.Flags, reply.Error));
        Assert.Empty(reply.Payload);
        Assert.Empty(reply.Descriptors);
    }

    internal RawReply Negotiate(
        string capabilities = "{\"capabilities\":{\"max_msg_fds\":16,\"write_multiple\":true}}") =>
        Ask(Version, Bytes((ushort)0, (ushort)0, capabilities, (byte)0));

    internal uint Read(uint region, ulong offset, int count = 4)
    {
        var reply = Ask(RegionRead, Bytes(offset, region, count));
        Assert.Equal(16 + count, reply.Payload.Length);
        var value = new byte[4];
        reply.Payload.AsSpan(16).CopyTo(value);
        return BitConverter.ToUInt32(value);
    }

    internal void Write(uint region, ulong offset, uint value, int count = 4) =>
        Ask(RegionWrite, Bytes(offset, region, count, BitConverter.GetBytes(value)[..count]));

    internal void SendBytes(byte[] bytes, params int[] descriptors)
    {
        // There is room for 253 descriptors; cmsghdr: length (8), level (4), type (4).
        byte* control = stackalloc byte[16 + 4 * 256];
        new Span<byte>(control, 16 + 4 * 256).Clear();
        int length = 16 + 4 * descriptors.Length;
        *(ulong*)control = (ulong)length;
        *(int*)(control + 8) = 1; // SOL_SOCKET
        *(int*)(control + 12) = 1; // SCM_RIGHTS
        descriptors.CopyTo(new Span<int>(control + 16, descriptors.Length));
        fixed (byte* start = bytes)
        {
            var part = new Libc.IoVector { start = start, length = (nuint)bytes.Length };
            var message = new Libc.MessageHeader { vectors = &part, vectorCount = 1 };
            if (descriptors.Length > 0)
            {
                message.control = control;
                message.controlLength = (nuint)((length + 7) & ~7);
            }
            while (part.length > 0)
            {
                nint sent = Libc.sendmsg(_fd, &message, Libc.MSG_NOSIGNAL);
                if (sent < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR) continue;
                // The server may have ended the connection in the middle of the message.
                if (sent < 0) return;
                part.start = (byte*)part.start + sent;
                part.length -= (nuint)sent;
                message.control = null;
                message.controlLength = 0;
            }
        }
    }

    /// <summary>The next reply; commands from the server are answered meanwhile.</summary>
    internal RawReply Receive()
    {
        while (true)
        {
            var message = ReceiveMessage() ?? throw new EndOfStreamException("the server closed the connection");
            if ((message.Flags & 0xF) == 1) return message;
            Answer(message);
        }
    }

    /// <summary>Asserts that the server ends the connection, after whatever it still sends.</summary>
    internal void AssertClosed()
    {
        while (ReceiveMessage() is { } last)
        {
            foreach (int descriptor in last.Descriptors) _ = Libc.close(descriptor);
        }
    }

    /// <summary>Ends the connection, and wakes a thread that is sending.</summary>
    internal void ShutDown() => _ = Libc.shutdown(_fd, Libc.SHUT_RDWR);

    internal RawReply? ReceiveMessage()
    {
        var descriptors = new List<int>();
        byte[]? header = ReceiveBytes(16, descriptors);
        if (header is null) return null;
        int size = BitConverter.ToInt32(header, 4);
        Assert.InRange(size, 16, 2 << 20);
        byte[] payload = ReceiveBytes(size - 16, descriptors)
            ?? throw new EndOfStreamException("in the middle of a message");
        return new(BitConverter.ToUInt16(header, 0), BitConverter.ToUInt16(header, 2), BitConverter.ToUInt32(header, 8),
            BitConverter.ToUInt32(header, 12), payload, [.. descriptors]);
    }

    public void Dispose()
    {
        if (_fd >= 0) _ = Libc.close(_fd);
        _fd = -1;
    }

    private void Answer(RawReply command)
    {
        ulong address = command.U64(0);
        int count = (int)command.U64(8);
        bool isRead = command.Command == DmaRead;
        Assert.True(isRead || command.Command == DmaWrite, $"unexpected command {command.Command}");
        if (!isRead) Assert.Equal(16 + count, command.Payload.Length);
        byte[]? data = Memory?.Invoke(address, isRead ? null : command.Payload[16..], count);
        byte[] payload = data is null ? [] : Bytes(address, (ulong)count, isRead ? data : []);
        SendBytes(Bytes(
            command.Id, command.Command, 16 + payload.Length, data is null ? 0x21u : 1u, data is null ? 14
            : 0, payload));
    }

    private byte[]? ReceiveBytes(int length, List<int> descriptors)
    {
        var bytes = new byte[length];
        byte* control = stackalloc byte[16 + 4 * 256];
        int received = 0;
        while (received < length)
        {
            var wait = new Libc.PollEntry { fd = _fd, events = Libc.POLLIN };
            Assert.True(Libc.poll(&wait, 1, 20_000) != 0, "the server does not answer");
            fixed (byte* start = bytes)
            {
                var part = new Libc.IoVector { start = start + received, length = (nuint)(length - received) };
                var message =
                    new Libc.MessageHeader
                    {
                        vectors = &part,
                        vectorCount = 1,
                        control = control,
                        controlLength = 16 + 4 * 256
                    };
                nint count = Libc.recvmsg(_fd, &message, Libc.MSG_CMSG_CLOEXEC);
                if (count < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR) continue;
                if (count <= 0)
                    return received == 0 ? null : throw new EndOfStreamException("in the middle of a message");
                received += (int)count;
                for (int i = 16; message.controlLength > 16 && i < (int)*(ulong*)control; i += 4)
                    descriptors.Add(*(int*)(control + i));
            }
        }
        return bytes;
    }
}
