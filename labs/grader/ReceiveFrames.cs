using Ixy.Vfio;

namespace Ixy.Labs.Grader;

/// <summary>Exercise 3.</summary>
internal sealed class ReceiveFrames : Exercise
{
    internal override int Number => 3;

    internal override string Title => "receive";

    internal override string File => "3-receive.cs";

    internal override Type Contract => typeof(IReceiver);

    internal override bool AllowsGiven => true;

    internal override IReadOnlyList<LabTask> Tasks { get; } = [
        new("starts the queue, and receives frames", 4, Receives),
        new("goes around the ring, again and again", 3, GoesAround),
        new("takes a burst that fills the ring", 2, TakesBurst),
        new("lets broadcast in", 1, LetsBroadcastIn)];

    private static void Receives(Trial trial)
    {
        var bench = new ReceiveBench(trial);
        bench.Start();
        bench.ExpectNothing();
        bench.Send(Frames.Draw(trial, 5), gap: 5_000);
        bench.ReceiveAll();
        bench.ExpectNothing();
    }

    private static void GoesAround(Trial trial)
    {
        var bench = new ReceiveBench(trial);
        bench.Start();
        bench.Send(Frames.Draw(trial, 3 * bench.RingSize + trial.Draw(1, 10), longest: 200), gap: 4_000);
        bench.ReceiveAll();
        bench.ExpectNothing();
    }

    private static void TakesBurst(Trial trial)
    {
        var bench = new ReceiveBench(trial);
        bench.Start();
        // One descriptor is the driver's.
        for (int burst = 0; burst < 3; burst++)
        {
            bench.Send(Frames.Draw(trial, bench.RingSize - 1, longest: 100), gap: 0);
            trial.Advance(TimeSpan.FromMicroseconds(500));
            bench.ReceiveAll();
        }
        bench.ExpectNothing();
    }

    private static void LetsBroadcastIn(Trial trial)
    {
        var bench = new ReceiveBench(trial);
        bench.Start();
        bench.Send([Frames.Make(trial, 0, 60), Frames.Make(trial, 1, 60, isBroadcast: true), Frames.Make(trial, 2, 60)],
            gap: 2_000);
        bench.ReceiveAll(broadcast: 1);
    }
}

/// <summary>A card with a student's receiver, and what is sent to it.</summary>
internal sealed class ReceiveBench
{
    private const uint RDBAL = 0x01000, RDBAH = 0x01004, RDLEN = 0x01008, RDH = 0x01010, SRRCTL = 0x01014;
    private const uint RDT = 0x01018, RXDCTL = 0x01028, FCTRL = 0x05080, Enable = 1u << 25, BroadcastAccept = 1u << 10;

    private readonly Trial _trial;
    private readonly PciBar _registers;
    private readonly IReceiver _receiver;
    private byte[][] _frames = [];
    private readonly QueueWatch _queue = new(RXDCTL, RDT, isReceive: true);
    private int _tailLine, _tailWrites, _headLine, _emptyDescriptor = -1;

    internal ReceiveBench(Trial trial)
    {
        _trial = trial;
        Card = trial.Open($"sim:ixgbe,link-delay=1ms,mac={Frames.CardAddress}", Wire);
        _registers = Card.OpenBar(0);
        Given.ResetAndStartLink(Card, _registers);
        _receiver = trial.New<IReceiver>();
    }

    internal LabDevice Card { get; }

    internal IReceiver Receiver => _receiver;

    internal LabWire Wire { get; } = new();

    internal int RingSize => _trial.RingSize(Card, RDLEN);

    internal ulong RingAddress => _trial.Peek(Card, RDBAL) | (ulong)_trial.Peek(Card, RDBAH) << 32;

    internal void Start()
    {
        _trial.Explain = _queue.Explain;
        Card.Written = (_, register, value) =>
        {
            _queue.Written(register, value, _trial.Run.Line);
            if (register != RDT) return;
            (_tailLine, _tailWrites) = (_trial.Run.Line, _tailWrites + 1);
            if (_emptyDescriptor < 0 && value > 0 && _tailWrites <= 2) _emptyDescriptor = FindEmptyDescriptor();
        };
        Card.WasRead = (_, register, value) =>
        {
            _queue.Read(register, value);
            if (register == RDH) _headLine = _trial.Run.Line;
        };
        _trial.Call("Start", () => _receiver.Start(Card, _registers), TimeSpan.FromSeconds(1));
        if ((_trial.Peek(Card, RXDCTL) & Enable) == 0)
            throw _trial.Failed("Start returned, but queue 0 is off: RXDCTL bit 25 is 0.", _trial.Run.Line, "82599 4.6.7.1");
        CheckRing();
        if (Head == Tail)
            throw _trial.Failed(
                $"Start returned, and the card has no descriptor: head and tail are both {Head}. Move RDT to the last one.",
                _tailLine > 0 ? _tailLine : _trial.Run.Line, "82599 7.1.9");
    }

    /// <summary>Lets frames arrive from now on.</summary>
    internal void Send(byte[][] frames, long gap)
    {
        _frames = frames;
        for (int i = 0; i < frames.Length; i++) Wire.Add(_trial.Now + 1000 + i * gap, frames[i]);
    }

    /// <summary>Calls Receive until all that was sent has come.</summary>
    /// <param name="broadcast">The frame that is for all; -1 for none.</param>
    internal void ReceiveAll(int broadcast = -1)
    {
        long limit = _trial.Now + 1_000_000 + 20_000 * _frames.Length;
        for (int number = 0; number < _frames.Length;)
        {
            byte[]? frame = _trial.Call("Receive", _receiver.Receive);
            if (frame is not null)
            {
                Check(number, frame, broadcast);
                number++;
                continue;
            }
            if (_trial.Now > limit) throw number == broadcast && !LetsBroadcastIn ? BroadcastLost() : Lost(number);
            _trial.Advance(TimeSpan.FromMicroseconds(1));
        }
    }

    /// <summary>Nothing is on the way, so nothing may come.</summary>
    internal void ExpectNothing()
    {
        for (int i = 0; i < 3; i++)
        {
            byte[]? frame = _trial.Call("Receive", _receiver.Receive);
            if (frame is null)
            {
                _trial.Advance(TimeSpan.FromMicroseconds(20));
                continue;
            }
            int known = Frames.Find(_frames, frame);
            throw _trial.Failed(
                known >= 0 ? $"Receive returned frame {known} a second time: its descriptor still says DD. Write 0 into word 1 "
                    + "before the card gets it again."
                : $"Receive returned {frame.Length} bytes, but no frame has been sent: look at DD, bit 0 of word 1.",
                _trial.Run.Line, "82599 7.1.6");
        }
    }

    private uint Head => _trial.Peek(Card, RDH);

    private uint Tail => _trial.Peek(Card, RDT);

    private bool LetsBroadcastIn => (_trial.Peek(Card, FCTRL) & BroadcastAccept) != 0;

    // What the card does not find, or only with luck.
    private void CheckRing()
    {
        _queue.Check(_trial);
        if (_emptyDescriptor >= 0)
            throw _trial.Failed(
                $"RDT was written, and descriptor {_emptyDescriptor}, which the card has with that, had no buffer: its address "
                + "was still 0. All descriptors get a buffer before.", _tailLine, "82599 4.6.7.1");
        uint type = _trial.Peek(Card, SRRCTL) >> 25 & 7;
        if (type != 1)
            throw _trial.Failed(
                $"SRRCTL bits 27 to 25 are {type}: they are to be 1, for advanced descriptors with one buffer.",
                Card.LineOfWrite(SRRCTL) ?? _trial.Run.Line, "82599 8.2.3.8.7");
    }

    private unsafe int FindEmptyDescriptor()
    {
        ulong ring = RingAddress;
        uint size = _trial.Peek(Card, RDLEN) / 16, tail = Tail;
        if (tail >= size || !_trial.Run.Owns(ring, (int)size * 16)) return -1;
        for (uint i = 0; i < tail; i++)
        {
            if (((ulong*)ring)[2 * i] == 0) return (int)i;
        }
        return -1;
    }

    private TrialFailedException BroadcastLost() => _trial.Failed(
        "The broadcast frame did not come, though those to the card's own address did: FCTRL bit 10 lets broadcast in.",
        Card.LineOfWrite(FCTRL) ?? _trial.Run.Line, "82599 8.2.3.7.1");

    private void Check(int number, byte[] frame, int broadcast)
    {
        if (frame.AsSpan().SequenceEqual(_frames[number])) return;
        int known = Frames.Find(_frames, frame);
        if (known > number && number == broadcast && !LetsBroadcastIn) throw BroadcastLost();
        if (known < 0 && _headLine > 0 && Frames.FindStart(_frames, frame) != number)
            throw _trial.Failed(
                $"Receive returned {frame.Length} bytes that are not frame {number}, and it reads RDH: the head moves before the "
                + "frame is in memory, so this descriptor has no DD yet. DD, bit 0 of word 1, is what says it.", _headLine,
                "82599 7.1.6");
        string words = known switch
        {
            _ when known > number =>
                $"Frame {number} did not come: Receive returned frame {known} in its place. Was a descriptor passed over, or "
                + "did the card have too few of them?",
            >= 0 when number - known < RingSize - 1 =>
                $"Receive returned frame {known} again, and frame {number} was to come: does it take the buffer of the descriptor "
                + "that it looks at, and go on to the next one?",
            >= 0 => $"Receive returned frame {known} again, and frame {number} was to come: the descriptor still has the DD of "
                + "the lap before. Write it anew, word 1 as 0, before RDT moves past it.",
            _ when frame.Length == 0 => $"Receive returned an empty array for frame {number}: return null if there is no frame, "
                + "and the bytes if there is one. The length is in bits 47 to 32 of word 1.",
            _ when Frames.FindStart(_frames, frame) is >= 0 and var other && other != number =>
                $"Frame {number} is wrong: the bytes that Receive returned are those of frame {other}. Take them from the buffer "
                + "of this descriptor.",
            _ => $"Frame {number} is wrong: {Frames.Compare(_frames[number], frame)}. The length is in bits 47 to 32 of word "
                + "1, and the bytes are in the buffer of that descriptor.",
        };
        bool isOfLap = known >= 0 && known <= number && number - known >= RingSize - 1;
        throw _trial.Failed(words, isOfLap && _tailLine > 0 ? _tailLine : _trial.Run.Line,
            known > number || isOfLap ? "82599 7.1.9" : "82599 7.1.6");
    }

    private TrialFailedException Lost(int number)
    {
        int line = _tailLine > 0 ? _tailLine : _trial.Run.Line;
        uint head = Head, tail = Tail;
        string came = number == 0 ? "No frame came out of Receive" : $"After {Frames.Count(number)} none came any more";
        if (head == tail)
        {
            return _trial.Failed(_tailWrites <= 1
                ? $"{came}: the card has used all descriptors it was given (head and tail are {head}). Give each back when you "
                    + "have taken its frame: write RDT."
                : $"{came}: head and tail are both {head}, so the card has no descriptor. The tail is to stay one behind the "
                    + "descriptor that you look at next.", line, "82599 7.1.9");
        }
        return _trial.Failed(
            $"{came}, though the card has written {(number == 0 ? "some" : "more")} of them to memory (RDH is {head}, RDT is "
            + $"{tail}): look at DD, bit 0 of word 1, of the right descriptor.", line, "82599 7.1.6");
    }
}
