namespace Ixy.Pools;

// For everything outside the hot loops.
internal sealed unsafe partial class BufferBlock
{
    /// <summary>Takes one buffer; false if the pool is empty.</summary>
    internal bool TryTake(out ulong buffer)
    {
        bool can = Count > 0 || TryRefill();
        buffer = can ? *--Top : 0;
        return can;
    }

    /// <summary>Puts back the buffer just taken.</summary>
    internal void PutBack(ulong buffer) => *Top++ = buffer;
}
