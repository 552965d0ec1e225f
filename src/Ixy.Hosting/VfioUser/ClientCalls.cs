using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ixy.Vfio;
using Ixy.Vfio.VfioUser;

namespace Ixy.Hosting.VfioUser;

/// <summary>
/// Commands from the server to its client, over the same socket as the client's commands. The device thread waits for a
/// reply while another thread receives it. A client that does not answer within a second counts as refusing, because
/// the device must not wait for it.
/// </summary>
internal sealed class ClientCalls(MessageSocket socket) : IClientMemory
{
    private const int Patience = 1000;
    private readonly object _lock = new();
    private ushort _id;
    private bool _waits, _isOver;
    private Message? _answer;

    /// <summary>Bytes of data the client accepts or gives at once.</summary>
    internal int MostData { get; set; } = CommandHandler.MostData;

    public bool TryRead(ulong address, Span<byte> target)
    {
        while (!target.IsEmpty)
        {
            var part = target[..Math.Min(target.Length, MostData)];
            if (!TryCall(Command.DMA_READ, new() { address = address, count = (ulong)part.Length }, [], part))
                return false;
            target = target[part.Length..];
            address += (ulong)part.Length;
        }
        return true;
    }

    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            var part = source[..Math.Min(source.Length, MostData)];
            if (!TryCall(Command.DMA_WRITE, new() { address = address, count = (ulong)part.Length }, part, []))
                return false;
            source = source[part.Length..];
            address += (ulong)part.Length;
        }
        return true;
    }

    /// <summary>
    /// Sends a message, without mixing it with another thread's. The timeout applies twice: until the other thread's
    /// message is out, and until this one is.
    /// </summary>
    internal void Send(Header header, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> data = default,
        ReadOnlySpan<int> descriptors = default, int timeout = Timeout.Infinite, Action? midway = null)
    {
        if (!Monitor.TryEnter(socket, timeout))
            throw new DeviceTimeoutException("the client does not read its replies");
        try
        {
            socket.Send(header, payload, data, descriptors, timeout, midway);
        }
        finally
        {
            Monitor.Exit(socket);
        }
    }

    /// <summary>A reply has arrived; false if it answers no call, so the client is broken.</summary>
    internal bool Take(Message reply)
    {
        lock (_lock)
        {
            // A reply after the timeout carries an old id. That is legal.
            if (reply.Header.Id != _id || !_waits || _answer is not null)
                return (ushort)(_id - reply.Header.Id) < ushort.MaxValue / 2 && _id != 0;
            _answer = reply;
            Monitor.PulseAll(_lock);
            return true;
        }
    }

    /// <summary>The client is gone: every wait ends.</summary>
    internal void End()
    {
        lock (_lock)
        {
            _isOver = true;
            Monitor.PulseAll(_lock);
        }
    }

    private bool TryCall(Command command, Protocol.dma_access access, ReadOnlySpan<byte> source, Span<byte> target)
    {
        ushort id;
        lock (_lock)
        {
            if (_isOver) return false;
            id = ++_id;
            (_waits, _answer) = (true, null);
        }
        try
        {
            Send(new(id, command, 0, Protocol.TYPE_COMMAND, 0),
                MemoryMarshal.AsBytes(new ReadOnlySpan<Protocol.dma_access>(in access)), source, timeout: Patience);
        }
        catch (PciDeviceException)
        {
            // The client is gone or reads nothing: the connection is useless.
            socket.ShutDown();
            return false;
        }
        return WaitForAnswer() is { } answer && IsGood(answer, command, access, target);
    }

    private Message? WaitForAnswer()
    {
        long end = Environment.TickCount64 + Patience;
        lock (_lock)
        {
            while (_answer is null && !_isOver && Environment.TickCount64 < end)
                Monitor.Wait(_lock, (int)Math.Max(1, end - Environment.TickCount64));
            _waits = false;
            return _answer;
        }
    }

    // A reply to DMA_WRITE may omit its payload, as QEMU's does.
    private static bool IsGood(Message answer, Command command, in Protocol.dma_access access, Span<byte> target)
    {
        if (answer.Header.IsError || answer.Header.Command != command) return false;
        if (command == Command.DMA_WRITE) return true;
        int start = Unsafe.SizeOf<Protocol.dma_access>();
        if (!answer.TryRead(out Protocol.dma_access got) || got.count != access.count
            || answer.Payload.Length != start + target.Length) return false;
        answer.Payload[start..].CopyTo(target);
        return true;
    }
}
