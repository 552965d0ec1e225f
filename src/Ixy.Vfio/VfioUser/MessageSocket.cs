using System.Runtime.InteropServices;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio.VfioUser;

/// <summary>
/// A connected Unix stream socket that carries vfio-user messages, in either direction, with their descriptors. One
/// thread may send while another receives; <see cref="ShutDown"/> is for any thread, and ends both.
/// </summary>
public sealed unsafe class MessageSocket : IDisposable
{
    /// <summary>Most descriptors that the kernel passes at once (SCM_MAX_FD).</summary>
    internal const int MostDescriptors = 253;

    private readonly byte[] _control = new byte[
        Aligned(sizeof(Libc.ControlHeader)) + Aligned(MostDescriptors * sizeof(int))];
    private readonly string _peer;
    private int _fd;

    /// <summary>Takes over a socket.</summary>
    /// <param name="fd">A connected socket; owned from now on.</param>
    /// <param name="peer">Start of the messages of exceptions: the other end.</param>
    public MessageSocket(int fd, string peer) => (_fd, _peer) = (fd, peer);

    /// <summary>
    /// A longer payload violates the protocol: this is the largest transfer plus what comes before its data.
    /// </summary>
    public int LongestPayload { get; init; } = (1 << 20) + 256;

    /// <summary>More descriptors than this with one message also violate it.</summary>
    public int MostReceivedDescriptors { get; init; } = MostDescriptors;

    /// <summary>For your own poll loop. Owned by this object.</summary>
    internal int Descriptor => _fd;

    /// <summary>Connects to a server.</summary>
    /// <param name="path">Its socket.</param>
    /// <param name="name">Start of the messages of exceptions.</param>
    /// <param name="timeout">Milliseconds the server may take to accept the clients before this one.</param>
    /// <exception cref="DeviceSpecifierException">The path cannot be a socket's.</exception>
    /// <exception cref="DeviceBusyException">Too many clients are waiting.</exception>
    /// <exception cref="PciDeviceException">Nothing is listening there, or this user may not connect.</exception>
    internal static MessageSocket Connect(string path, string name, int timeout = 0)
    {
        byte[] address = UnixAddress.Of(path);
        // A blocking socket would wait forever while the server's queue is full.
        int fd = Libc.socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0);
        if (fd < 0) throw new PciDeviceException($"{name}: no socket: {Libc.LastError()}");
        if (TryConnect(fd, address, timeout)) return new(fd, name);
        var error = CannotConnect(name, path);
        _ = Libc.close(fd);
        throw error;
    }

    /// <summary>Sends one whole message.</summary>
    /// <param name="header">Its size is set here.</param>
    /// <param name="payload">First part of what follows the header.</param>
    /// <param name="data">Second part.</param>
    /// <param name="descriptors">Sent along; the caller keeps ownership.</param>
    /// <param name="timeout">Milliseconds the peer may take to make room; -1 for no limit.</param>
    /// <param name="midway">Called when half of the header is out, by a server that stalls or breaks off there.</param>
    /// <exception cref="VfioUserDisconnectedException">The peer is gone.</exception>
    /// <exception cref="DeviceTimeoutException">It reads nothing.</exception>
    public void Send(Header header, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> data = default,
        ReadOnlySpan<int> descriptors = default, int timeout = Timeout.Infinite, Action? midway = null)
    {
        header = header with { Size = (uint)(Header.Length + payload.Length + data.Length) };
        byte* control = stackalloc byte[
            descriptors.IsEmpty ? 0 : Aligned(sizeof(Libc.ControlHeader)) + Aligned(descriptors.Length * sizeof(int))];
        fixed (byte* first = payload, second = data)
        {
            var parts = stackalloc Libc.IoVector[3];
            parts[0] = new() { start = &header, length = Header.Length };
            parts[1] = new() { start = first, length = (nuint)payload.Length };
            parts[2] = new() { start = second, length = (nuint)data.Length };
            var message = new Libc.MessageHeader { vectors = parts, vectorCount = 3 };
            Attach(ref message, control, descriptors);
            long left = header.Size;
            if (midway is not null) left -= SendHalfHeader(&message, timeout, midway);
            SendAll(&message, left, timeout);
        }
    }

    /// <summary>Waits for a message.</summary>
    /// <param name="message">Receives it; what it held before is released.</param>
    /// <param name="timeout">Milliseconds until the whole message must have arrived; -1 for no limit.</param>
    /// <returns>False if the peer closed the connection after a complete message.</returns>
    /// <exception cref="VfioUserDisconnectedException">The peer disappeared in the middle of a message.</exception>
    /// <exception cref="VfioUserProtocolException">
    /// Not a message, or too long, or with too many descriptors.
    /// </exception>
    /// <exception cref="DeviceTimeoutException">There was none in time.</exception>
    public bool Receive(Message message, int timeout = Timeout.Infinite)
    {
        message.Descriptors.Dispose();
        long end = timeout < 0 ? long.MaxValue : Environment.TickCount64 + timeout;
        Header header;
        if (!ReceiveAll(new(&header, Header.Length), message.Descriptors, end, mayEnd: true)) return false;
        uint length = header.Size - Header.Length;
        if (header.Size < Header.Length || length > LongestPayload)
            throw new VfioUserProtocolException(
                $"{_peer}: a message says that it has {header.Size} bytes: expected {Header.Length} to "
                + $"{LongestPayload + Header.Length}");
        message.Begin(header, (int)length);
        return ReceiveAll(message.Payload, message.Descriptors, end, mayEnd: false);
    }

    /// <summary>Ends the connection: threads waiting here wake up, and the peer sees the end.</summary>
    public void ShutDown() => _ = Libc.shutdown(_fd, Libc.SHUT_RDWR);

    /// <summary>Closes the socket. Does nothing the second time.</summary>
    public void Dispose()
    {
        int fd = Interlocked.Exchange(ref _fd, -1);
        if (fd >= 0) _ = Libc.close(fd);
    }

    private static int Aligned(int length) => (length + 7) & ~7;

    private static void Attach(ref Libc.MessageHeader message, byte* control, ReadOnlySpan<int> descriptors)
    {
        if (descriptors.IsEmpty) return;
        int start = Aligned(sizeof(Libc.ControlHeader)), length = descriptors.Length * sizeof(int);
        new Span<byte>(control, start + Aligned(length)).Clear();
        *(Libc.ControlHeader*)control =
            new() { length = (nuint)(start + length), level = Libc.SOL_SOCKET, type = Libc.SCM_RIGHTS };
        MemoryMarshal.AsBytes(descriptors).CopyTo(new(control + start, length));
        message.control = control;
        message.controlLength = (nuint)(start + Aligned(length));
    }

    private void SendAll(Libc.MessageHeader* message, long left, int timeout)
    {
        long end = timeout < 0 ? long.MaxValue : Environment.TickCount64 + timeout;
        while (true)
        {
            nint sent = Libc.sendmsg(_fd, message, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL);
            if (sent < 0) WaitAfterError(Libc.POLLOUT, end);
            else if ((left -= sent) == 0) return;
            else Skip(message, (nuint)sent);
        }
    }

    // How many bytes went.
    private long SendHalfHeader(Libc.MessageHeader* message, int timeout, Action midway)
    {
        const int Half = Header.Length / 2;
        var part = new Libc.IoVector { start = message->vectors->start, length = Half };
        var first = *message;
        first.vectors = &part;
        first.vectorCount = 1;
        SendAll(&first, Half, timeout);
        Skip(message, Half);
        midway();
        return Half;
    }

    // The kernel took only a part: the descriptors went with it.
    private static void Skip(Libc.MessageHeader* message, nuint sent)
    {
        message->control = null;
        message->controlLength = 0;
        for (var part = message->vectors; sent > 0; part++)
        {
            nuint step = Math.Min(sent, part->length);
            part->start = (byte*)part->start + step;
            part->length -= step;
            sent -= step;
        }
    }

    private bool ReceiveAll(Span<byte> bytes, PassedDescriptors descriptors, long end, bool mayEnd)
    {
        int received = 0;
        while (received < bytes.Length)
        {
            nint count = ReceiveSome(bytes[received..], descriptors);
            if (count > 0) received += (int)count;
            else if (count < 0) WaitAfterError(Libc.POLLIN, end);
            else if (mayEnd && received == 0) return false;
            else throw new VfioUserDisconnectedException($"{_peer} has gone in the middle of a message");
        }
        return true;
    }

    private nint ReceiveSome(Span<byte> bytes, PassedDescriptors descriptors)
    {
        fixed (byte* start = bytes, control = _control)
        {
            var part = new Libc.IoVector { start = start, length = (nuint)bytes.Length };
            var message =
                new Libc.MessageHeader
                {
                    vectors = &part,
                    vectorCount = 1,
                    control = control,
                    controlLength = (nuint)_control.Length
                };
            nint count = Libc.recvmsg(_fd, &message, Libc.MSG_DONTWAIT | Libc.MSG_CMSG_CLOEXEC);
            if (count < 0) return count;
            Collect(message, descriptors);
            if ((message.flags & Libc.MSG_CTRUNC) != 0 || descriptors.Count > MostReceivedDescriptors)
                throw new VfioUserProtocolException(
                    $"{_peer}: a message came with more descriptors than the {MostReceivedDescriptors} allowed, or "
                    + "this process has none left");
            return count;
        }
    }

    // Everything received is taken over before any of it is checked, so that nothing leaks.
    private static void Collect(Libc.MessageHeader message, PassedDescriptors descriptors)
    {
        int start = Aligned(sizeof(Libc.ControlHeader));
        var control = new ReadOnlySpan<byte>(message.control, (int)message.controlLength);
        while (control.Length >= start)
        {
            var header = MemoryMarshal.Read<Libc.ControlHeader>(control);
            int length = (int)header.length;
            if (length < start || length > control.Length) return;
            if (header is { level: Libc.SOL_SOCKET, type: Libc.SCM_RIGHTS })
            {
                foreach (int descriptor in MemoryMarshal.Cast<byte, int>(control[start..length]))
                    descriptors.Add(descriptor);
            }
            control = control[Math.Min(Aligned(length), control.Length)..];
        }
    }

    private void WaitAfterError(short events, long end)
    {
        int error = Marshal.GetLastPInvokeError();
        if (error == Libc.EINTR) return;
        if (error is Libc.EPIPE or Libc.ECONNRESET or Libc.ENOTCONN)
            throw new VfioUserDisconnectedException($"{_peer} has gone: {Libc.LastError()}");
        if (error != Libc.EAGAIN) throw new PciDeviceException($"{_peer}: the socket failed: {Libc.LastError()}");
        long left = end == long.MaxValue ? -1 : end - Environment.TickCount64;
        if (end != long.MaxValue && left <= 0) throw new DeviceTimeoutException($"{_peer} did not answer in time");
        var wait = new Libc.PollEntry { fd = _fd, events = events };
        _ = Libc.poll(&wait, 1, (int)Math.Min(left, int.MaxValue));
    }

    private static bool TryConnect(int fd, byte[] address, int timeout)
    {
        long end = Environment.TickCount64 + timeout;
        fixed (byte* start = address)
        {
            while (Libc.connect(fd, start, (uint)address.Length) != 0)
            {
                if (Marshal.GetLastPInvokeError() != Libc.EAGAIN || Environment.TickCount64 >= end) return false;
                Thread.Sleep(10);
            }
        }
        return true;
    }

    private static PciDeviceException CannotConnect(string name, string path) => Marshal.GetLastPInvokeError() switch
    {
        Libc.ENOENT =>
            new DeviceNotFoundException(
                $"{name}: there is no socket {path}: start its server, as in '{IxyCommand.Name} sim ixgbe --socket "
                + $"{path}'"),
        Libc.ECONNREFUSED => new DeviceNotFoundException(
            $"{name}: nobody listens at {path}; its server may have died: start it again, as in '{IxyCommand.Name} "
            + $"sim ixgbe --socket {path}'"),
        Libc.EACCES or Libc.EPERM => new PrivilegeException(
            $"{name}: {path} is closed to this user: open it with 'chmod a+rw {path}' (as the server's user)"),
        Libc.EAGAIN => new DeviceBusyException(
            $"{name}: the server at {path} accepts nobody, and its queue of clients is full: end the client that it "
            + "serves, or start it again"),
        _ => new PciDeviceException($"{name}: no connection to {path}: {Libc.LastError()}"),
    };
}
