using System.Numerics;
using System.Runtime.CompilerServices;

namespace Ixy.Simulation.Wires;

/// <summary>
/// One generator, as every checker of its world sees it: what its frames look like and which of them have come out of
/// any card. Touched by the device thread only, except for registration.
/// </summary>
internal sealed class NumberedSource
{
    private readonly World _world;
    private readonly WireStatistics _statistics;
    private readonly SequenceTracker[] _flows;
    private readonly int _flowBits;

    private NumberedSource(World world, ushort id, GeneratorOptions options, WireStatistics statistics)
    {
        (_world, Id) = (world, id);
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
    /// <param name="world">Whose checkers.</param>
    /// <param name="options">What its frames look like.</param>
    /// <param name="statistics">Where sent and lost frames are counted.</param>
    internal static NumberedSource Register(World world, GeneratorOptions options, WireStatistics statistics)
    {
        while (true)
        {
            var source = new NumberedSource(world, world.DrawGeneratorId(), options, statistics);
            if (world.Generators.TryAdd(source.Id, source)) return source;
        }
    }

    internal static NumberedSource? Find(World world, ushort id) => world.Generators.GetValueOrDefault(id);

    internal void Forget() => _world.Generators.TryRemove(new(Id, this));

    /// <summary>The next frame is on its way; until it arrives, it is lost.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Arrival Arrived(ulong number)
    {
        var flow = _flows[number & (ulong)(_flows.Length - 1)];
        var arrival = flow.Add(number >> _flowBits);
        if (arrival <= Arrival.Reordered) _statistics.Missing--;
        return arrival;
    }
}
