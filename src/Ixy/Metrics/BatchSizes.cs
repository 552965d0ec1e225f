using System.Diagnostics.Metrics;
using System.Numerics;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Ixy.Metrics;

/// <summary>
/// How many calls of a queue moved 1 packet, 2 or 3, 4 to 7 … One thread counts, any thread may read.
/// </summary>
internal sealed class BatchSizes
{
    // The last class is open-ended: 1,024 packets and more.
    private readonly long[] _calls = new long[11];

    internal void Count(int packets)
    {
        // A polled queue is empty most of the time, which says nothing about batches.
        if (packets <= 0) return;
        ref long calls = ref _calls[Math.Min(BitOperations.Log2((uint)packets), _calls.Length - 1)];
        Volatile.Write(ref calls, calls + 1);
    }

    /// <summary>All classes in order, with their range in the tag <c>size</c>.</summary>
    internal IEnumerable<Measurement<long>> Read(Tag device, Tag queue, Tag direction) =>
        _calls.Select(
            (_, i) => new Measurement<long>(
                Volatile.Read(ref _calls[i]), device, queue, direction, new("size", Range(i))));

    private string Range(int i) => i == 0 ? "1" : i == _calls.Length - 1 ? $"{1 << i}-" : $"{1 << i}-{(2 << i) - 1}";
}
