using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Ixy.Vfio.VfioUser;

/// <summary>
/// A client's connection to a server: commands and their replies, one at a time, and in between the commands of a
/// server that does not map memory. The caller reads the socket itself until its reply is there, so no other thread has
/// to wake up on the way. While no call is in progress, a thread waits at the socket: it serves the server, and notices
/// at once when that ends. No reply is trusted. Whatever makes the order of messages uncertain (no answer, or a wrong
/// one) ends the connection for good. Thread-safe.
/// </summary>
internal sealed unsafe partial class ClientConnection : IDisposable
{
    /// <summary>For one command. A reset may take the server this long; a register access never should.</summary>
    internal static readonly TimeSpan StandardTimeout = TimeSpan.FromSeconds(5);

    private static readonly VersionData s_own =
        new(Protocol.MajorVersion, Protocol.MinorVersion) { MaxMessageDescriptors = 8, UsesDoorbellsOnly = true };

    // Not a Lock: the first time two threads meet in one, it allocates 144 bytes, and packet threads arm interrupts
    // here.
    private readonly object _gate = new();
    private readonly string _name, _path;
    private readonly TimeSpan _timeout;
    private readonly MessageSocket _socket;
    private readonly Message _message = new();
    private readonly SharedMemory _memory;
    private readonly Thread _listener;
    private volatile PciDeviceException? _failure;
    private ushort _lastId;
    // Requests sent without waiting that are not answered yet.
    private Header? _owed;

    /// <summary>Connects to a server and agrees on version and limits.</summary>
    /// <param name="path">The server's socket.</param>
    /// <param name="name">Start of the messages of exceptions.</param>
    /// <param name="timeout">Longest time the server may take for a command.</param>
    /// <exception cref="PciDeviceException">Nothing is listening, or the server violates the protocol.</exception>
    internal ClientConnection(string path, string name, TimeSpan timeout)
    {
        (_path, _name, _timeout) = (path, name, timeout);
        _socket = MessageSocket.Connect(path, name, (int)timeout.TotalMilliseconds);
        _memory = new(_socket, (int)timeout.TotalMilliseconds, s_own.MaxTransfer);
        _listener = new(Listen) { IsBackground = true, Name = name };
        _listener.Start();
        try
        {
            Server = Negotiate();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What the server agreed to.</summary>
    internal VersionData Server { get; }

    /// <summary>The connection has ended, and the reason no longer matters.</summary>
    internal bool IsGone => _failure is not null;

    /// <summary>
    /// Called once when the connection ends, by whichever thread notices; no command is in progress then.
    /// </summary>
    internal Action? WhenGone { get; set; }

    /// <summary>Throws the reason why the connection ended, if it has.</summary>
    internal void ThrowIfGone()
    {
        if (_failure is { } failure) ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Sends a command and waits for its reply.</summary>
    /// <param name="command">The command.</param>
    /// <param name="request">Its payload.</param>
    /// <param name="reply">Receives the reply's payload, which may be shorter but not longer.</param>
    /// <param name="descriptors">Sent along; the caller keeps ownership.</param>
    /// <param name="received">Receives the descriptors that came with the reply; if null, there may be none.</param>
    /// <returns>Bytes of the reply's payload.</returns>
    /// <exception cref="VfioUserRefusedException">
    /// The server answered with an error; the connection stays up.
    /// </exception>
    /// <exception cref="VfioUserDisconnectedException">The server is gone.</exception>
    /// <exception cref="VfioUserProtocolException">The protocol does not allow this answer.</exception>
    /// <exception cref="DeviceTimeoutException">There was no answer in time.</exception>
    internal int Call(Command command, ReadOnlySpan<byte> request, Span<byte> reply,
        ReadOnlySpan<int> descriptors = default, PassedDescriptors? received = null)
    {
        lock (_gate)
        {
            ThrowIfGone();
            try
            {
                Exchange(command, request, descriptors);
                if (!_message.Header.IsError) return TakeReply(reply, received);
            }
            catch (PciDeviceException error)
            {
                throw End(Explain(error, command));
            }
            finally
            {
                _message.Descriptors.Dispose();
            }
            int number = (int)_message.Header.Error;
            throw new VfioUserRefusedException(
                $"{_name} refuses {command}: {Marshal.GetPInvokeErrorMessage(number)} (errno {number})", number);
        }
    }

    /// <summary>
    /// Checks whether the server answers. One that does not, because it was stopped, keeps the connection: the request
    /// changes nothing, so its answer may come at any time.
    /// </summary>
    internal bool AnswersWithin(int milliseconds)
    {
        lock (_gate)
        {
            if (IsGone) return false;
            try
            {
                if (_owed is null) AskInPassing();
                return TryReceiveOwed(milliseconds);
            }
            catch (PciDeviceException error)
            {
                End(Explain(error, Command.DEVICE_GET_INFO));
                return false;
            }
            finally
            {
                _message.Descriptors.Dispose();
            }
        }
    }

    /// <summary>For commands that are answered with the same structure, filled in.</summary>
    internal T Ask<T>(Command command, T request) where T : unmanaged
    {
        T reply;
        RequireLength(command, Call(command, BytesOf(in request), new(&reply, sizeof(T))), sizeof(T));
        return reply;
    }

    /// <summary>For commands with an empty reply.</summary>
    internal void Tell<T>(Command command, T request, ReadOnlySpan<int> descriptors = default) where T : unmanaged =>
        Call(command, BytesOf(in request), [], descriptors);

    /// <summary>Ends the connection with an error if a reply does not have the expected length.</summary>
    internal void RequireLength(Command command, int length, int expected)
    {
        // Every register access comes here, so the message is built only if it is needed.
        if (length != expected) Require(isRight: false, command, $"{length} bytes of payload, expected {expected}");
    }

    /// <summary>Ends the connection with an error about a reply's contents, unless the condition holds.</summary>
    /// <exception cref="VfioUserProtocolException">It does not.</exception>
    internal void Require(bool isRight, Command command, string found)
    {
        if (isRight) return;
        lock (_gate) throw End(new VfioUserProtocolException($"{_name}: its server answered {command} with {found}"));
    }

    /// <summary>Closes the connection. The server then releases all memory and interrupts.</summary>
    public void Dispose()
    {
        lock (_gate) End(new VfioUserDisconnectedException($"{_name} is closed"));
        _listener.Join();
        _socket.Dispose();
        _message.Dispose();
    }

    private static ReadOnlySpan<byte> BytesOf<T>(in T structure) where T : unmanaged =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in structure));

    private VersionData Negotiate()
    {
        var reply = new byte[4096];
        int length = Call(Command.VERSION, s_own.ToBytes(), reply);
        var version = VersionData.Parse(reply.AsSpan(0, length));
        Require(version is not null, Command.VERSION, "something other than a version with capabilities");
        Require(version!.Major == s_own.Major && version.Minor <= s_own.Minor, Command.VERSION,
            $"version {version.Major}.{version.Minor}, expected {s_own.Major}.{s_own.Minor} or an older {s_own.Major}.x");
        Require(!version.TwinSocket, Command.VERSION, "a second socket, which was not asked for");
        return version;
    }

    private void AskInPassing()
    {
        var header = new Header(++_lastId, Command.DEVICE_GET_INFO, 0, Protocol.TYPE_COMMAND, 0);
        _socket.Send(
            header, BytesOf(new Protocol.device_info { argsz = (uint)sizeof(Protocol.device_info) }),
            timeout: (int)_timeout.TotalMilliseconds);
        _owed = header;
    }

    private bool TryReceiveOwed(int milliseconds)
    {
        long end = Environment.TickCount64 + milliseconds;
        while (_owed is not null)
        {
            long left = end - Environment.TickCount64;
            if (left <= 0 || !Poll((int)left)) return false;
            // Once part of a message has arrived, read all of it.
            Receive(Environment.TickCount64 + (long)_timeout.TotalMilliseconds);
            if (IsOwed()) break;
            if (_message.Header.IsReply) throw Unasked();
            Serve();
        }
        return true;
    }

    private bool IsOwed()
    {
        var header = _message.Header;
        if (_owed is not { } owed || !header.IsReply || header.Id != owed.Id || header.Command != owed.Command)
            return false;
        _owed = null;
        return true;
    }

    private VfioUserProtocolException Unasked() =>
        new($"{_name}: its server answered {_message.Header.Command}, and nothing was asked");

    private void Exchange(Command command, ReadOnlySpan<byte> request, ReadOnlySpan<int> descriptors)
    {
        long end = Environment.TickCount64 + (long)_timeout.TotalMilliseconds;
        var header = new Header(++_lastId, command, 0, Protocol.TYPE_COMMAND, 0);
        _socket.Send(header, request, descriptors: descriptors, timeout: (int)_timeout.TotalMilliseconds);
        do
        {
            Receive(end);
        }
        while (!IsReplyTo(header));
    }

    private void Receive(long end)
    {
        long left = end - Environment.TickCount64;
        // A server that keeps sending other messages before it answers is also late.
        if (left <= 0) throw new DeviceTimeoutException("late");
        if (!_socket.Receive(_message, (int)left)) throw new VfioUserDisconnectedException("gone");
    }

    // A command from the server is served on the way.
    private bool IsReplyTo(Header asked)
    {
        var header = _message.Header;
        if (IsOwed()) return false;
        if (!header.IsReply)
        {
            Serve();
            return false;
        }
        if (header.Id == asked.Id && header.Command == asked.Command) return true;
        throw new VfioUserProtocolException(
            $"{_name}: its server answered {header.Command} with id {header.Id}, where {asked.Command} with id "
            + $"{asked.Id} was asked");
    }

    private void Serve()
    {
        uint type = _message.Header.Flags & Protocol.TYPE_MASK;
        if (type != Protocol.TYPE_COMMAND)
            throw new VfioUserProtocolException(
                $"{_name}: its server sent a message of type {type}: expected 0 (command) or 1 (reply)");
        _memory.Serve(_message);
    }

    private int TakeReply(Span<byte> reply, PassedDescriptors? received)
    {
        var payload = _message.Payload;
        if (payload.Length > reply.Length)
            throw new VfioUserProtocolException(
                $"{_name}: its server answered {_message.Header.Command} with {payload.Length} bytes of payload, "
                + $"expected no more than {reply.Length}");
        if (received is null && _message.Descriptors.Count > 0)
            throw new VfioUserProtocolException(
                $"{_name}: its server answered {_message.Header.Command} with {_message.Descriptors.Count} "
                + "descriptors, expected none");
        payload.CopyTo(reply);
        for (int i = 0; i < _message.Descriptors.Count; i++) received!.Add(_message.Descriptors.Take(i));
        return payload.Length;
    }

    // Under the lock. The first reason counts, and the same exception is thrown for all later commands.
    private PciDeviceException End(PciDeviceException reason)
    {
        if (_failure is { } first) return first;
        _failure = reason;
        _socket.ShutDown();
        WhenGone?.Invoke();
        return reason;
    }

    private PciDeviceException Explain(PciDeviceException error, Command? command) => error switch
    {
        VfioUserDisconnectedException => new VfioUserDisconnectedException(
            $"{_name}: its server has gone{(command is null ? "" : $" instead of answering {command}")}: it has ended, "
            + "or closed the connection; " +
            $"start it again, as in '{IxyCommand.Name} sim ixgbe --socket {_path}', and open the device anew"),
        DeviceTimeoutException => new DeviceTimeoutException(
            $"{_name}: its server has not answered{(command is null ? "" : $" {command}")} for {_timeout.TotalSeconds} "
            + "s: " +
            (command is Command.VERSION ? "it may serve another client, which has to end first"
                : "it hangs, or was stopped; end it and start it again")),
        _ => error,
    };
}
