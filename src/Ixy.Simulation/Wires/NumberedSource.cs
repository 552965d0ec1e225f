using System.Numerics;
using System.Runtime.CompilerServices;
using Ixy.Simulation.Cards;

namespace Ixy.Simulation.Wires;

/// <summary>
/// One generator, as seen by every checker of its world: what its frames look like and which of them have come out of a
/// card. Used by the device thread only, except for registration.
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

    /// <summary>The number of the next frame, which is also how many have been sent.</summary>
    internal ulong Next { get; private set; }

    /// <summary>A new source, known to every checker until <see cref="Forget"/>.</summary>
    /// <param name="world">The world of the checkers.</param>
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

    /// <summary>The next frame is sent; until it arrives, it counts as lost.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void CountNext()
    {
        Next++;
        _statistics.Missing++;
        _statistics.Sent++;
    }

    /// <summary>One of its frames arrived, but damaged: so its frames do arrive.</summary>
    internal void ArrivedDamaged() => _statistics.HasReturned = true;

    /// <summary>
    /// True if this is an unchanged frame that was sent. A number that was never sent is as wrong as a wrong byte.
    /// </summary>
    internal bool TryRecognise(ReadOnlySpan<byte> frame, out ulong number) =>
        Frame.Matches(frame, out number) && number < Next;

    /// <summary>
    /// A frame with this number came out of a card. Order is checked per flow, because the card spreads flows over
    /// queues.
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
