using System.Runtime.ExceptionServices;
using Ixy.Hosting.VfioUser;
using Ixy.Simulation.Ixgbe;
using Ixy.Vfio;
using Ixy.Vfio.VfioUser;

namespace Ixy.Fuzz;

/// <summary>
/// A vfio-user server with an 82599, on its own thread. It answers one client correctly, except for the answers that
/// the input changes; after the input's end all its answers are correct.
/// </summary>
internal sealed class HostileServer : IDisposable
{
    private const int FileLength = 0x10000, LongestReply = 4096;
    private static readonly string s_path =
        Path.Combine(Directory.CreateTempSubdirectory("ixy-fuzz-").FullName, "card");
    private static readonly MessageListener s_listener = new(s_path);

    private readonly byte[] _input;
    private readonly Thread _thread;
    private readonly Reply _reply = new();
    private MessageSocket _client = null!;
    private ExceptionDispatchInfo? _failure;

    internal HostileServer(byte[] input)
    {
        _input = input;
        _ = s_listener;
        _thread = new(Serve) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>The path of its socket.</summary>
    internal static string SocketPath => s_path;

    /// <summary>
    /// Waits until the server ends, once the client has gone; rethrows an error of the server itself.
    /// </summary>
    public void Dispose()
    {
        _thread.Join();
        _failure?.Throw();
    }

    private void Serve()
    {
        using var client = _client = new MessageSocket(s_listener.Accept(), "the client");
        using var wire = new InputWire();
        using var card = new IxgbeCard(new() { LinkUpDelay = 0 }, wire);
        using var handler = new CommandHandler(card, new NoMemory());
        using var message = new Message();
        try
        {
            Answer(handler, message);
        }
        catch (PciDeviceException)
        {
            // The client has gone.
        }
        catch (Exception error)
        {
            _failure = ExceptionDispatchInfo.Capture(error);
        }
        client.ShutDown();
    }

    private void Answer(CommandHandler handler, Message message)
    {
        var input = new InputReader(_input);
        byte change = input.Byte();
        // The upper half of each change's byte is the number of correct answers before it.
        int right = change >> 4;
        while (_client.Receive(message))
        {
            // Replies to the server's own commands.
            if (message.Header.IsReply) continue;
            int error = handler.Handle(message, _reply);
            byte[] bytes = error == 0 ? _reply.Bytes.ToArray() : [];
            int[] descriptors = error == 0 && _reply.Descriptor >= 0 ? [_reply.Descriptor] : [];
            var header = message.Header with
            {
                Flags = error == 0 ? Protocol.TYPE_REPLY : Protocol.TYPE_REPLY | Protocol.FLAG_ERROR,
                Error = (uint)error,
            };
            if (message.Header.WantsNoReply) continue;
            if (right-- > 0)
            {
                _client.Send(header, bytes, descriptors: descriptors);
                continue;
            }
            if (!TryAnswer(change & 7, header, bytes, descriptors, ref input)) return;
            change = input.Byte();
            right = change >> 4;
        }
    }

    // False if nothing more can follow.
    private bool TryAnswer(int change, Header header, byte[] bytes, int[] descriptors, ref InputReader input)
    {
        switch (change)
        {
            case 1:
                int offset = input.Byte();
                var other = input.Take(input.Byte() % 64 + 1);
                if (offset < bytes.Length)
                    other[..Math.Min(other.Length, bytes.Length - offset)].CopyTo(bytes.AsSpan(offset));
                break;
            case 2: Array.Resize(ref bytes, input.Word() % LongestReply); break;
            case 3: header = header with { Flags = 0x21, Error = input.Byte() }; break;
            case 4:
                _client.Send(new(input.Word(), (Command)input.Byte(), 0, input.Byte(), 0), bytes);
                break;
            case 5:
                _client.Send(
                    new(1, (Command)input.Byte(), 0, Protocol.TYPE_COMMAND, 0), input.Take(input.Byte() % 64));
                break;
            case 6:
                SendWith(input.Byte(), header, bytes);
                return true;
            case 7:
                SendRaw(input.Take(input.Byte()));
                return false;
        }
        _client.Send(header, bytes, descriptors: descriptors);
        return true;
    }

    private void SendWith(byte kinds, Header header, byte[] bytes)
    {
        var descriptors = new int[kinds & 3];
        for (int i = 0; i < descriptors.Length; i++)
            descriptors[i] = (kinds & 4) != 0 ? Descriptors.Event() : Descriptors.MemoryFile(FileLength, 0);
        try
        {
            _client.Send(header, bytes, descriptors: descriptors);
        }
        finally
        {
            foreach (int each in descriptors) _ = Hosting.Interop.Libc.close(each);
        }
    }

    // Any bytes at all: not framed as a message, and the stream then ends.
    private unsafe void SendRaw(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes) _ = Hosting.Interop.Libc.write(_client.Descriptor, start, (nuint)bytes.Length);
    }

    private sealed class NoMemory : IClientMemory
    {
        public bool TryRead(ulong address, Span<byte> target) => false;

        public bool TryWrite(ulong address, ReadOnlySpan<byte> source) => false;
    }
}
