using Ixy.Vfio.Interop;

namespace Ixy.Vfio.VfioUser;

/// <summary>
/// The memory that a server may reach, from the client's side: answers the commands of a server that cannot, or will
/// not, map it. Nothing else is ever read or written for it. Used under the lock of <see cref="ClientConnection"/>.
/// </summary>
/// <param name="socket">Where answers go.</param>
/// <param name="timeout">Milliseconds that it may take the server to make room for one.</param>
/// <param name="longestTransfer">Most bytes that one command may ask for.</param>
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
    /// The chunk's file, whose length nobody can change from now on: the other process maps it without fear of its end
    /// moving.
    /// </summary>
    /// <exception cref="DmaMemoryException">The kernel refused.</exception>
    internal static int Seal(DmaChunk chunk)
    {
        const int Seals = Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW | Libc.F_SEAL_SEAL;
        int file = chunk.FileDescriptor;
        // For the first server that takes it; for others it is done.
        if (Libc.fcntl(file, Libc.F_GET_SEALS, 0) != Seals && Libc.fcntl(file, Libc.F_ADD_SEALS, Seals) < 0)
            throw new DmaMemoryException(
                $"the file of the DMA memory at 0x{chunk.Address:x} cannot be sealed: {Libc.LastError()}");
        return file;
    }

    internal void Add(DmaChunk chunk) => _chunks.Add(chunk);

    internal void Remove(DmaChunk chunk) => _chunks.Remove(chunk);

    /// <summary>Does what the server wants and answers, or answers with the reason why not.</summary>
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
        // The reply begins as the command does: address and count.
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

    // An errno value, 0 if the memory is there.
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
