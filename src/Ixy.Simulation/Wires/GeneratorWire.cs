namespace Ixy.Simulation.Wires;

/// <summary>What a generator sends.</summary>
internal sealed record GeneratorOptions
{
    /// <summary>Bytes of each frame, without FCS: 60 to 15,996.</summary>
    internal int Size { get; init; } = NumberedFrame.Shortest;

    /// <summary>How fast; <see cref="PacketRate.Max"/> means that a frame is there whenever the card has room.</summary>
    internal PacketRate Rate { get; init; } = PacketRate.Max;

    /// <summary>Frames after which it stops by itself.</summary>
    internal ulong Count { get; init; } = ulong.MaxValue;

    /// <summary>Different UDP port pairs, used in turn, for RSS: a power of two up to 256.</summary>
    internal int Flows { get; init; } = 1;

    /// <summary>Destination address.</summary>
    internal required MacAddress Destination { get; init; }
}

/// <summary>
/// Test equipment at the far end: sends numbered frames and checks what comes from the card.
/// </summary>
/// <remarks>
/// A forwarder sends frames on through another card, so a checker knows the frames of every generator in the process.
/// <list type="bullet">
/// <item><b>Lost</b> is counted at the wire that sent: frames that have come out of no card (yet). It is exact when
/// sending has stopped and nothing is on the way any more.</item>
/// <item><b>Reordered</b>, at the wire it came from: a frame that came for the first time, after one of its flow with a
/// higher number. One that comes more than 65,536 numbers late counts too; whether it came before is forgotten by then,
/// so it remains lost.</item>
/// <item><b>Duplicated</b>: a frame that came before, on any wire.</item>
/// <item><b>Corrupted</b>: a frame that bears the mark of a generator and differs from what was sent in length or in
/// any byte but those of the MAC addresses (a forwarder may change these, and ixy does). Its number cannot be trusted,
/// so the frame that it once was is lost.</item>
/// <item><b>Foreign</b>: a frame without the mark of any generator in the process. Nothing is known about it.</item>
/// </list>
/// </remarks>
internal sealed class GeneratorWire : Wire
{
    private readonly NumberedSource _source;
    private readonly byte[] _even, _odd; // frames by number: while the card reads one, the next is made in the other
    private Pacer _pacer;
    private NumberedSource _sender; // of the last good frame: most often that of the next one, too
    private readonly ulong _count;
    private ulong _end;

    internal GeneratorWire(GeneratorOptions options)
    {
        _source = _sender = NumberedSource.Register(options, Statistics);
        _even = _source.Frame.NewBuffer(); // with number 0, the first
        _odd = _source.Frame.NewBuffer();
        _pacer = new Pacer(options.Rate);
        WaitsForRoom = options.Rate == PacketRate.Max;
        _count = _end = options.Count;
    }

    /// <inheritdoc/>
    public override void StopSending() => Volatile.Write(ref _end, 0);

    /// <inheritdoc/>
    public override void StartSending() => Volatile.Write(ref _end, _count);

    /// <summary>At the rate <c>max</c>; at a rate of its own it sends on, whatever becomes of its frames.</summary>
    public override bool WaitsForRoom { get; }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Receive(long now, out FrameErrors errors)
    {
        errors = FrameErrors.None;
        ulong number = _source.Next;
        if (number >= Volatile.Read(ref _end) || !_pacer.TryTake(now, _even.Length)) return [];
        _source.CountNext();
        // One frame ahead: the card copies with wide loads, which wait for narrow stores that have just been made.
        bool isOdd = number % 2 != 0;
        _source.Frame.Write(isOdd ? _even : _odd, number + 1);
        return isOdd ? _odd : _even;
    }

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> frame, long now)
    {
        Statistics.Received++;
        if (!_sender.TryRecognise(frame, out ulong number) && !TrySwitchSender(frame, out number)) return;
        var arrival = _sender.Arrived(number);
        if (arrival == Arrival.InOrder) return;
        if (arrival == Arrival.Duplicated) Statistics.Duplicated++;
        else Statistics.Reordered++;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _source.Forget();
        base.Dispose();
    }

    /// <summary>Finds another generator whose frame this is; counts the frame if it is no generator's.</summary>
    private bool TrySwitchSender(ReadOnlySpan<byte> frame, out ulong number)
    {
        number = 0;
        if (NumberedFrame.TryReadId(frame, out ushort id) && NumberedSource.Find(id) is { } sender
            && sender.TryRecognise(frame, out number))
        {
            _sender = sender;
            return true;
        }
        if (NumberedFrame.TryGuessId(frame, out id) && NumberedSource.Find(id) is not null) Statistics.Corrupted++;
        else Statistics.Foreign++;
        return false;
    }
}
