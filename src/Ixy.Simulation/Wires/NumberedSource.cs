using System.Collections.Concurrent;
using System.Numerics;

namespace Ixy.Simulation.Wires;

/// <summary>
/// One generator, as every checker in the process sees it: what its frames look like and which of them have come out of
/// any card. Touched by the device thread only, except for registration.
/// </summary>
internal sealed class NumberedSource
{
    private static readonly ConcurrentDictionary<ushort, NumberedSource> s_sources = new();

    private readonly WireStatistics _statistics;
    private readonly SequenceTracker[] _flows;
    private readonly int _flowBits;

    private NumberedSource(ushort id, GeneratorOptions options, WireStatistics statistics)
    {
        Id = id;
        Frame = new NumberedFrame(id, options.Size, options.Flows, options.Destination);
        _statistics = statistics;
        _flowBits = BitOperations.Log2((uint)options.Flows);
        _flows = new SequenceTracker[options.Flows];
        for (int flow = 0; flow < _flows.Length; flow++) _flows[flow] = new();
    }

    internal ushort Id { get; }

    internal NumberedFrame Frame { get; }

    /// <summary>The number of the next frame: so many have been sent.</summary>
    internal ulong Next { get; private set; }

    /// <summary>A new source, known to every checker until <see cref="Forget"/>.</summary>
    /// <param name="options">What its frames look like.</param>
    /// <param name="statistics">Where sent and lost frames are counted.</param>
    internal static NumberedSource Register(GeneratorOptions options, WireStatistics statistics)
    {
        // Random, so that generators of two processes on one network hardly ever take each other's frames for their own.
        while (true)
        {
            var source = new NumberedSource((ushort)Random.Shared.Next(ushort.MaxValue + 1), options, statistics);
            if (s_sources.TryAdd(source.Id, source)) return source;
        }
    }

    internal static NumberedSource? Find(ushort id) => s_sources.GetValueOrDefault(id);

    internal void Forget() => s_sources.TryRemove(new(Id, this));

    /// <summary>The next frame is on its way; until it arrives, it is lost.</summary>
    internal void CountNext()
    {
        Next++;
        _statistics.Missing++;
        _statistics.Sent++;
    }

    /// <summary>One of its frames came, damaged: so its frames do come.</summary>
    internal void ArrivedDamaged() => _statistics.HasReturned = true;

    /// <summary>
    /// True if this is, unchanged, a frame that was sent. A number that was never sent is as wrong as a wrong byte.
    /// </summary>
    internal bool TryRecognise(ReadOnlySpan<byte> frame, out ulong number) =>
        Frame.Matches(frame, out number) && number < Next;

    /// <summary>
    /// A frame with this number came out of a card. Order is a matter of one flow: the card spreads flows over queues.
    /// </summary>
    internal Arrival Arrived(ulong number)
    {
        var flow = _flows[number & (ulong)(_flows.Length - 1)];
        var arrival = flow.Add(number >> _flowBits);
        if (arrival <= Arrival.Reordered) _statistics.Missing--;
        return arrival;
    }
}
