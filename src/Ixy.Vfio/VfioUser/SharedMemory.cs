using Ixy.Vfio.Interop;

namespace Ixy.Vfio.VfioUser;

/// <summary>
/// The memory that a server may access, from the client's side: answers the commands of a server that cannot or will
/// not map it. Nothing else is ever read or written for it. Used under the lock of <see cref="ClientConnection"/>.
/// </summary>
/// <param name="socket">Where answers go.</param>
/// <param name="timeout">Milliseconds the server may take to make room for an answer.</param>
/// <param name="longestTransfer">Most bytes that one command may transfer.</param>
internal sealed unsafe class SharedMemory(MessageSocket socket, int timeout, long longestTransfer)
{
    private readonly List<DmaChunk> _chunks = [];

    internal int Count => _chunks.Count;

    internal static Protocol.dma_map Describe(DmaChunk chunk) => new()
    {
        argsz = (uint)sizeof(Protocol.dma_map),
        flags = Protocol.DMA_READABLE | Protocol.DMA_WRITEABLE,
        address = chunk.Address,
        size = chunk.Length,
    };

    /// <summary>
    /// The chunk's file, sealed so that its length can no longer change: the other process can map it without risk that
    /// its end moves.
    /// </summary>
    /// <exception cref="DmaMemoryException">The kernel refused.</exception>
    internal static int Seal(DmaChunk chunk)
    {
        const int Seals = Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW | Libc.F_SEAL_SEAL;
        int file = chunk.FileDescriptor;
        // Done for the first server that takes it; it then holds for the others.
        if (Libc.fcntl(file, Libc.F_GET_SEALS, 0) != Seals && Libc.fcntl(file, Libc.F_ADD_SEALS, Seals) < 0)
            throw new DmaMemoryException(
                $"the file of the DMA memory at 0x{chunk.Address:x} cannot be sealed: {Libc.LastError()}");
        return file;
    }

    internal void Add(DmaChunk chunk) => _chunks.Add(chunk);

    internal void Remove(DmaChunk chunk) => _chunks.Remove(chunk);

    /// <summary>Executes the server's command and answers, or answers with the reason why not.</summary>
    internal void Serve(Message message)
    {
        var data = Span<byte>.Empty;
        int error = message.Header.Command switch
        {
            Command.DMA_READ => Read(message, out data),
            Command.DMA_WRITE => Write(message),
            _ => Libc.EOPNOTSUPP,
        };
        if (message.Header.WantsNoReply) return;
        var header = new Header(message.Header.Id, message.Header.Command, 0, Protocol.TYPE_REPLY, 0);
        // The reply begins like the command: address and count.
        if (error == 0) socket.Send(header, message.Payload[..sizeof(Protocol.dma_access)], data, timeout: timeout);
        else socket.Send(
            header with { Flags = Protocol.TYPE_REPLY | Protocol.FLAG_ERROR, Error = (uint)error }, [],
            timeout: timeout);
    }

    private int Read(Message message, out Span<byte> data)
    {
        data = default;
        if (!message.TryRead(out Protocol.dma_access access) || message.Payload.Length != sizeof(Protocol.dma_access))
            return Libc.EINVAL;
        return Find(access, out data);
    }

    private int Write(Message message)
    {
        if (!message.TryRead(out Protocol.dma_access access)) return Libc.EINVAL;
        var data = message.Payload[sizeof(Protocol.dma_access)..];
        if (access.count != (ulong)data.Length) return Libc.EINVAL;
        int error = Find(access, out var memory);
        if (error == 0) data.CopyTo(memory);
        return error;
    }

    // An errno value; 0 if the memory is there.
    private int Find(Protocol.dma_access access, out Span<byte> memory)
    {
        memory = default;
        if (access.count == 0 || access.count > (ulong)longestTransfer) return Libc.EINVAL;
        foreach (var chunk in _chunks)
        {
            if (access.address < chunk.Address || access.count > chunk.Length
                || access.address - chunk.Address > chunk.Length - access.count) continue;
            memory = new((void*)access.address, (int)access.count);
            return 0;
        }
        return Libc.EFAULT;
    }
}
