using Ixy.Simulation.Cards;

namespace Ixy.Simulation.Wires;

/// <summary>What a generator sends.</summary>
internal sealed record GeneratorOptions
{
    /// <summary>Bytes of each frame, without FCS: 60 to 15,996.</summary>
    internal int Size { get; init; } = NumberedFrame.Shortest;

    /// <summary>
    /// The rate; <see cref="PacketRate.Max"/> means that a frame is ready whenever the card has room.
    /// </summary>
    internal PacketRate Rate { get; init; } = PacketRate.Max;

    /// <summary>How many frames until it stops by itself.</summary>
    internal ulong Count { get; init; } = ulong.MaxValue;

    /// <summary>Number of UDP port pairs, used in turn, for RSS: a power of two up to 256.</summary>
    internal int Flows { get; init; } = 1;

    /// <summary>Destination address.</summary>
    internal required MacAddress Destination { get; init; }
}

/// <summary>Test equipment at the far end: sends numbered frames and checks what comes from the card.</summary>
/// <remarks>
/// A forwarder sends frames on through another card, so a checker knows the frames of every generator in its world,
/// which is usually the process. It recognizes those of a generator in another process by the marks in each frame: up
/// to 16 such generators, separately for each wire.
/// <list type="bullet">
/// <item><b>Lost</b> is counted at the wire that sent: frames that have not come out of any card (yet). It is exact
/// once sending has stopped and nothing is in flight any more. Frames of another process's generator that are missing
/// between others are counted at the wire where these arrived, and frames that leave for another process are not
/// counted as lost (<see cref="WireStatistics.Lost"/>).</item>
/// <item><b>Reordered</b>, at the wire where it arrived: a frame that arrived for the first time, after one of its flow
/// with a higher number. One that is more than 65,536 numbers late counts too; whether it arrived before is forgotten
/// by then, so it remains lost.</item>
/// <item><b>Duplicated</b>: a frame that arrived before, on any wire; for another process's frames, on this
/// wire.</item>
/// <item><b>Corrupted</b>: a frame that bears the mark of a generator and differs from what was sent in length or in
/// any byte except the MAC addresses (a forwarder may change these, and ixy does). Its number cannot be trusted, so the
/// original frame is lost.</item>
/// <item><b>Foreign</b>: a frame without the marks of a generator. Nothing is known about it.</item>
/// </list>
/// </remarks>
internal sealed class GeneratorWire : Wire
{
    // A sender of frames that seem to come from ever more generators must not take ever more memory.
    private const int MostRemotes = 16;

    private readonly World _world;
    private readonly NumberedSource _source;
    private readonly byte[] _even, _odd; // frames by number: while the card reads one, the next is built in the other
    private Pacer _pacer;
    private NumberedSource _sender; // of the last good frame: usually that of the next one as well
    private readonly List<RemoteStream> _remotes = [];
    private RemoteStream? _remote; // like _sender
    private readonly ulong _count;
    private ulong _end;

    /// <param name="options">What it sends.</param>
    /// <param name="world">The world whose checkers know its frames; real time if null.</param>
    internal GeneratorWire(GeneratorOptions options, World? world = null)
    {
        _world = world ?? World.RealTime;
        _source = _sender = NumberedSource.Register(_world, options, Statistics);
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

    /// <summary>At the rate <c>max</c>; at a fixed rate it keeps sending, whatever becomes of its frames.</summary>
    public override bool WaitsForRoom { get; }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Receive(long now, out FrameErrors errors)
    {
        errors = FrameErrors.None;
        ulong number = _source.Next;
        if (number >= Volatile.Read(ref _end) || !_pacer.TryTake(now, _even.Length)) return [];
        _source.CountNext();
        // One frame ahead: the card copies with wide loads, which would stall on narrow stores just made.
        bool isOdd = number % 2 != 0;
        _source.Frame.Write(isOdd ? _even : _odd, number + 1);
        return isOdd ? _odd : _even;
    }

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> frame, long now)
    {
        Statistics.Received++;
        Arrival arrival;
        if (_sender.TryRecognise(frame, out ulong number)) arrival = _sender.Arrived(number);
        else if (!TakeFromOther(frame, out arrival)) return;
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

    /// <summary>
    /// Handles a frame of a different generator than the last one; counts the frame if no generator sent it.
    /// </summary>
    private bool TakeFromOther(ReadOnlySpan<byte> frame, out Arrival arrival)
    {
        arrival = default;
        if (_remote is null || !_remote.TryRecognise(frame, out ulong number))
        {
            if (!NumberedFrame.TryReadId(frame, out ushort id) || !TryFindSender(id, frame, out var sender, out number))
            {
                CountStranger(frame);
                return false;
            }
            if (sender is not null)
            {
                _sender = sender;
                arrival = sender.Arrived(number);
                return true;
            }
        }
        arrival = _remote!.Arrived(number);
        return true;
    }

    // A generator of this process or, if null, one of another process, which becomes the last one.
    private bool TryFindSender(ushort id, ReadOnlySpan<byte> frame, out NumberedSource? sender, out ulong number)
    {
        sender = NumberedSource.Find(_world, id);
        if (sender is not null) return sender.TryRecognise(frame, out number);
        var remote = FindRemote(id);
        if (remote is null && _remotes.Count < MostRemotes
            && (remote = RemoteStream.TryBegin(frame, Statistics)) is not null) _remotes.Add(remote);
        number = 0;
        if (remote?.TryRecognise(frame, out number) != true) return false;
        _remote = remote;
        return true;
    }

    private void CountStranger(ReadOnlySpan<byte> frame)
    {
        bool isMarked = NumberedFrame.TryGuessId(frame, out ushort id);
        var sender = isMarked ? NumberedSource.Find(_world, id) : null;
        sender?.ArrivedDamaged();
        if (sender is not null || isMarked && FindRemote(id) is not null) Statistics.Corrupted++;
        else Statistics.Foreign++;
    }

    // Without a lambda, which would allocate for each frame checked.
    private RemoteStream? FindRemote(ushort id)
    {
        foreach (var stream in _remotes)
        {
            if (stream.Id == id) return stream;
        }
        return null;
    }
}
