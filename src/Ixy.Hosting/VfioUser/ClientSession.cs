using Ixy.Vfio;
using Ixy.Vfio.VfioUser;

namespace Ixy.Hosting.VfioUser;

/// <summary>
/// One client's connection, from its first message to its end. The thread that runs it receives and executes commands.
/// Once there is memory that can only be accessed by messages, it only receives, because the device then waits for
/// replies while it holds its lock; a second thread executes the commands.
/// </summary>
internal sealed class ClientSession : IDisposable
{
    private readonly MessageSocket _socket;
    private readonly CommandHandler _handler;
    private readonly ClientCalls _calls;
    private readonly Reply _reply = new();
    private readonly ManualResetEventSlim _answers;
    private CommandQueue? _queue;
    private Thread? _worker;

    /// <param name="model">Used by this client alone.</param>
    /// <param name="fd">The connected socket; owned from now on.</param>
    /// <param name="answers">While it is reset, replies stop halfway.</param>
    internal ClientSession(PciFunctionModel model, int fd, ManualResetEventSlim answers)
    {
        _answers = answers;
        _socket = new(fd, "the client")
        {
            LongestPayload = CommandHandler.MostData + 64,
            MostReceivedDescriptors = CommandHandler.MostDescriptors,
        };
        _calls = new(_socket);
        _handler = new(model, _calls);
    }

    /// <summary>Ends the connection in the middle of a message. For any thread.</summary>
    internal void BreakOff()
    {
        const int Patience = 100;
        try
        {
            // The client gets half of the header, and then the end.
            _calls.Send(new(0, Command.DMA_READ, 0, Protocol.TYPE_COMMAND, 0), [], timeout: Patience,
                midway: _socket.ShutDown);
        }
        catch (PciDeviceException)
        {
            // The other half cannot go. Or another message was on its way all the time: then that one breaks off.
            ShutDown();
        }
    }

    /// <summary>Serves the client until it leaves or has to be disconnected.</summary>
    /// <returns>How it ended, for people to read.</returns>
    internal string Run()
    {
        try
        {
            return Serve();
        }
        catch (PciDeviceException error)
        {
            return error.Message;
        }
        finally
        {
            _calls.End();
            _socket.ShutDown();
            _queue?.Complete();
            _worker?.Join();
        }
    }

    /// <summary>Ends the connection. For any thread.</summary>
    internal void ShutDown() => _socket.ShutDown();

    /// <summary>Closes everything that came from the client, and resets the device.</summary>
    public void Dispose()
    {
        _handler.Dispose();
        _socket.Dispose();
    }

    private string Serve()
    {
        using var single = new Message();
        while (true)
        {
            // A message that waits for another thread cannot be reused.
            var message = _queue is null ? single : new Message();
            bool kept = false;
            try
            {
                if (!_socket.Receive(message)) return "the client closed the connection";
                if (message.Header.IsReply)
                {
                    kept = _queue is not null && message.Descriptors.Count == 0;
                    if (!kept || !_calls.Take(message)) return "the client sent a reply that nobody waits for";
                }
                else if (_queue is null)
                {
                    if (!CarryOut(message))
                        return "the client did not send a command, or speaks another version of the protocol";
                    if (_handler.UsesClientMemory) StartWorker();
                }
                else
                {
                    _queue.Add(message);
                    kept = true;
                }
            }
            finally
            {
                if (!kept) message.Dispose();
            }
        }
    }

    private void StartWorker()
    {
        _queue = new();
        _worker = new Thread(Work) { IsBackground = true, Name = "vfio-user commands" };
        _worker.Start();
    }

    private void Work()
    {
        while (_queue!.Take() is { } message)
        {
            using (message)
            {
                try
                {
                    if (!CarryOut(message)) _socket.ShutDown();
                }
                catch (PciDeviceException)
                {
                    // The client is gone; the other thread notices as well, and reports it.
                    _socket.ShutDown();
                }
            }
        }
    }

    private bool CarryOut(Message message)
    {
        int error = _handler.Handle(message, _reply);
        if (_handler.Client is { } client) _calls.MostData = (int)Math.Min(client.MaxTransfer, CommandHandler.MostData);
        var header = message.Header;
        Action? midway = _answers.IsSet ? null : _answers.Wait;
        if (!header.IsReply && !header.WantsNoReply)
        {
            if (error != 0)
                _calls.Send(
                    new(header.Id, header.Command, 0, Protocol.TYPE_REPLY | Protocol.FLAG_ERROR, (uint)error), [],
                    midway: midway);
            else _calls.Send(
                new(header.Id, header.Command, 0, Protocol.TYPE_REPLY, 0), _reply.Bytes,
                descriptors: _reply.Descriptor < 0 ? [] : [_reply.Descriptor], midway: midway);
        }
        return !_handler.IsOver;
    }
}
