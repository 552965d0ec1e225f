using System.Numerics;

namespace Ixy.Vfio.VfioUser;

// DMA memory that the server may access.
internal sealed unsafe partial class ClientConnection
{
    /// <summary>Gives the server access to a chunk, through its descriptor if the server takes one.</summary>
    /// <exception cref="DmaMemoryException">The server cannot take so many, or such small ones.</exception>
    internal void MapDma(DmaChunk chunk)
    {
        lock (_gate)
        {
            if (_memory.Count >= Server.MaxDmaMaps)
                throw new DmaMemoryException(
                    $"{_name}: its server keeps {Server.MaxDmaMaps} DMA mappings and has them all: use fewer or larger "
                    + "packet pools");
            ulong page = 1ul << BitOperations.TrailingZeroCount(Server.PageSizes);
            if ((chunk.Address | chunk.Length) % page != 0)
                throw new DmaMemoryException(
                    $"{_name}: its server maps pages of {page >> 10} KiB, and DMA memory has pages of "
                    + $"{DmaArena.FrameLength >> 10} KiB");
            _memory.Add(chunk);
            try
            {
                ReadOnlySpan<int> descriptors = Server.MaxMessageDescriptors > 0 ? [SharedMemory.Seal(chunk)] : [];
                Tell(Command.DMA_MAP, SharedMemory.Describe(chunk), descriptors);
            }
            catch
            {
                _memory.Remove(chunk);
                throw;
            }
        }
    }

    /// <summary>Takes a chunk away again.</summary>
    internal void UnmapDma(DmaChunk chunk)
    {
        lock (_gate)
        {
            var request =
                new Protocol.dma_unmap
                {
                    argsz = (uint)sizeof(Protocol.dma_unmap),
                    address = chunk.Address,
                    size = chunk.Length
                };
            var reply = Ask(Command.DMA_UNMAP, request);
            Require(reply.address == request.address && reply.size == request.size, Command.DMA_UNMAP,
                $"0x{reply.size:x} bytes at 0x{reply.address:x}, expected 0x{request.size:x} at 0x{request.address:x}");
            _memory.Remove(chunk);
        }
    }
}
