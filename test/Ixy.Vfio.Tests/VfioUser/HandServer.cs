using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Ixy.Vfio.Interop;

namespace Ixy.Vfio.Tests.VfioUser;

/// <summary>
/// A client's message, command or reply, as it came. Its descriptors are closed once it has been answered.
/// </summary>
internal sealed record Asked(ushort Id, ushort Command, uint Flags, uint Error, byte[] Payload, int[] Descriptors)
{
    internal uint Word(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Payload.AsSpan(offset));

    internal ulong Long(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(Payload.AsSpan(offset));
}

/// <summary>
/// What is sent back: any bytes, with descriptors that remain the sender's. Then the connection may end.
/// </summary>
internal sealed record Answer(byte[] Bytes, int[] Descriptors, bool ThenEnds = false)
{
    internal static readonly Answer Nothing = new([], []);

    /// <summary>A reply as the protocol defines it: the command's id, its size, type 1.</summary>
    internal static Answer To(Asked asked, byte[] payload, params int[] descriptors) =>
        new([.. Header(asked.Id, asked.Command, 16 + payload.Length, 1, 0), .. payload], descriptors);

    internal static Answer Error(Asked asked, int number) => new(Header(asked.Id, asked.Command, 16, 0x21, number), []);

    internal static byte[] Header(ushort id, int command, int size, int flags, int error)
    {
        var header = new byte[16];
        BinaryPrimitives.WriteUInt16LittleEndian(header, id);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(2), (ushort)command);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), size);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), flags);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), error);
        return header;
    }
}

/// <summary>
/// A vfio-user server on its own thread that plays a device: it answers as the test says, and records what it received.
/// It serves one client after another. All numbers are written out, so that the library's own protocol code is not on
/// both sides.
/// </summary>
internal sealed class HandServer : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-user-");
    private readonly HandSocket _listener;
    private readonly Thread _thread;
    private readonly Func<Asked, Answer> _answer;
    private HandSocket? _client;
    private ExceptionDispatchInfo? _failure;
    private long _bytesLeft = long.MaxValue;

    internal HandServer(Func<Asked, Answer> answer)
    {
        _answer = answer;
        Path = System.IO.Path.Combine(_directory.FullName, "card");
        _listener = HandSocket.Listen(Path);
        _thread = new(Serve) { IsBackground = true };
        _thread.Start();
    }

    internal string Path { get; }

    /// <summary>Everything received, in order; null at the end of each connection.</summary>
    internal BlockingCollection<Asked?> Log { get; } = [];

    /// <summary>Bytes sent so far.</summary>
    internal long BytesSent { get; private set; }

    /// <summary>Ends the connection when the server has sent that many bytes, within a message or after it.</summary>
    internal void EndAfter(long bytes) => _bytesLeft = bytes;

    /// <summary>Sends something unsolicited.</summary>
    internal void Send(byte[] bytes, params int[] descriptors) => Assert.True(_client!.Send(bytes, descriptors));

    /// <summary>Ends the connection, as when the process dies.</summary>
    internal void EndConnection() => _client!.ShutDown();

    /// <summary>The next message received; fails after a while.</summary>
    internal Asked? Next()
    {
        Assert.True(Log.TryTake(out var asked, ClientBench.Moment), "the client asked nothing more");
        return asked;
    }

    /// <summary>The next message with this command, dropping all before it.</summary>
    internal Asked Next(int command)
    {
        while (true)
        {
            var asked = Next();
            Assert.NotNull(asked);
            if (asked.Command == command) return asked;
        }
    }

    public void Dispose()
    {
        _listener.ShutDown();
        _client?.ShutDown();
        _thread.Join();
        _listener.Dispose();
        _directory.Delete(recursive: true);
        Log.Dispose();
        _failure?.Throw();
    }

    private void Serve()
    {
        try
        {
            while (_listener.Accept() is { } client)
            {
                using (_client = client)
                {
                    while (ServeOne(client))
                    {
                    }
                    client.ShutDown();
                    Log.Add(null);
                }
            }
        }
        catch (Exception error)
        {
            _failure = ExceptionDispatchInfo.Capture(error);
        }
    }

    private bool ServeOne(HandSocket client)
    {
        var descriptors = new List<int>();
        try
        {
            if (client.Receive(16, descriptors) is not { } header) return false;
            int length = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(4)) - 16;
            if (client.Receive(length, descriptors) is not { } payload) return false;
            var asked = new Asked(
                BinaryPrimitives.ReadUInt16LittleEndian(header),
                BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(2)),
                BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(8)),
                BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(12)), payload, [.. descriptors]);
            Log.Add(asked);
            return SendAnswer(client, (asked.Flags & 0xF) == 0 ? _answer(asked) : Answer.Nothing);
        }
        finally
        {
            foreach (int descriptor in descriptors) _ = Libc.close(descriptor);
        }
    }

    private bool SendAnswer(HandSocket client, Answer answer)
    {
        int length = (int)Math.Min(_bytesLeft, answer.Bytes.Length);
        BytesSent += length;
        if (length > 0 && !client.Send(answer.Bytes.AsSpan(0, length), answer.Descriptors)) return false;
        _bytesLeft -= length;
        return _bytesLeft > 0 && !answer.ThenEnds;
    }
}
