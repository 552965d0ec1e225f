namespace Ixy.Simulation.Wires;

/// <summary>
/// The frames of a generator in another process, as seen by one wire: all that is known about it is in its frames.
/// Frames before the first or after the last one that arrived are unknown here; those missing in between are lost.
/// </summary>
internal sealed class RemoteStream
{
    private readonly WireStatistics _statistics;
    private readonly NumberedFrame _frame;
    private readonly Flow?[] _flows;
    private readonly int _flowBits;

    private RemoteStream(StreamMarks marks, int length, WireStatistics statistics)
    {
        (Id, _flowBits, _statistics) = (marks.Id, marks.FlowBits, statistics);
        // The addresses are not compared.
        _frame = new NumberedFrame(marks.Id, length, 1 << marks.FlowBits, destination: default);
        _flows = new Flow?[1 << marks.FlowBits];
    }

    /// <summary>The generator's id.</summary>
    internal ushort Id { get; }

    /// <summary>A stream that begins with this frame; null if no generator sent it, or not in this form.</summary>
    /// <param name="frame">The frame. It is not counted yet.</param>
    /// <param name="statistics">Where its losses are counted.</param>
    internal static RemoteStream? TryBegin(ReadOnlySpan<byte> frame, WireStatistics statistics)
    {
        if (!NumberedFrame.TryReadMarks(frame, out var marks)) return null;
        var stream = new RemoteStream(marks, frame.Length, statistics);
        return stream.TryRecognise(frame, out _) ? stream : null;
    }

    /// <summary>True if this is an unchanged frame of this generator.</summary>
    internal bool TryRecognise(ReadOnlySpan<byte> frame, out ulong number) => _frame.Matches(frame, out number);

    /// <summary>A frame with this number arrived.</summary>
    internal Arrival Arrived(ulong number)
    {
        var flow = _flows[number & (ulong)(_flows.Length - 1)] ??= new(number >> _flowBits);
        return flow.Add(number >> _flowBits, _statistics);
    }

    private sealed class Flow(ulong first)
    {
        private readonly SequenceTracker _tracker = new();
        private ulong _first = first, _expected = first;

        internal Arrival Add(ulong number, WireStatistics statistics)
        {
            var arrival = _tracker.Add(number);
            if (arrival == Arrival.InOrder)
            {
                statistics.Gaps += (long)(number - _expected);
                _expected = number + 1;
            }
            else if (arrival == Arrival.Reordered)
            {
                // One from before the first: so those between the two were sent as well.
                if (number < _first) statistics.Gaps += (long)(_first - number - 1);
                else statistics.Gaps--;
                _first = Math.Min(_first, number);
            }
            return arrival;
        }
    }
}

/// <summary>What a generator's frame says about the generator.</summary>
/// <param name="Id">Its id.</param>
/// <param name="FlowBits">Its number of flows, as a power of two.</param>
internal readonly record struct StreamMarks(ushort Id, int FlowBits);
