namespace Ixy;

// For all that is not a hot loop.
internal sealed unsafe partial class BufferBlock
{
    /// <summary>Takes one; false if the pool is empty.</summary>
    internal bool TryTake(out ulong buffer)
    {
        bool can = Count > 0 || TryRefill();
        buffer = can ? *--Top : 0;
        return can;
    }

    /// <summary>Puts back what was just taken.</summary>
    internal void PutBack(ulong buffer) => *Top++ = buffer;
}
