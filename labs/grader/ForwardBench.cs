namespace Ixy.Labs.Grader;

/// <summary>Two cards with a student's forwarder between them.</summary>
internal sealed class ForwardBench
{
    private const uint RDLEN = 0x01008, RDH = 0x01010, RDT = 0x01018;
    private const uint RXDCTL = 0x01028, TDLEN = 0x06008, TDH = 0x06010, TDT = 0x06018, TXDCTL = 0x06028;

    private readonly Trial _trial;
    private readonly IForwarder _forwarder;
    private readonly ForwardRings _rings;
    private readonly QueueWatch _receive = new(RXDCTL, RDT, isReceive: true);
    private readonly QueueWatch _transmit = new(TXDCTL, TDT, isReceive: false);
    private int _number;
    private long _taken;

    internal ForwardBench(Trial trial)
    {
        _trial = trial;
        Left = trial.Open($"sim:ixgbe,link-delay=1ms,mac={Frames.CardAddress}", In);
        Right = trial.Open($"sim:ixgbe,link-delay=1ms,mac={Frames.OtherAddress}", Out, number: 1);
        var (left, right) = (Left.OpenBar(0), Right.OpenBar(0));
        Given.ResetAndStartLink(Left, left);
        Given.ResetAndStartLink(Right, right);
        _forwarder = trial.New<IForwarder>();
        _rings = new(trial, Left, Right);
        Left.Written = (_, register, value) =>
        {
            _receive.Written(register, value, trial.Run.Line);
            if (register != RDT) return;
            (Doorbells, HeadLine) = (Doorbells + 1, trial.Run.Line);
            _rings.LeftMoved(HeadLine);
        };
        Right.Written = (_, register, value) =>
        {
            _transmit.Written(register, value, trial.Run.Line);
            if (register != TDT) return;
            (Doorbells, TailLine) = (Doorbells + 1, trial.Run.Line);
            _rings.RightMoved(TailLine);
        };
        Left.WasRead = (_, register, value) => WasRead(_receive, register, value);
        Right.WasRead = (_, register, value) => WasRead(_transmit, register, value);
        trial.Call("Start", () => _forwarder.Start(Left, left, Right, right), TimeSpan.FromSeconds(1));
        CheckLength(Left, RDLEN, "RDLEN", "82599 4.6.7");
        CheckLength(Right, TDLEN, "TDLEN", "82599 4.6.8");
        (Doorbells, Reads, TailLine, HeadLine) = (0, 0, 0, 0);
        CheckWaits();
    }

    private void CheckLength(LabDevice card, uint register, string name, string section)
    {
        if (_trial.Peek(card, register) != 0) return;
        string side = card == Left ? "left" : "right";
        throw _trial.Failed(
            $"Start returned, but the ring of the {side} card has no length: {name} is 0.", _trial.Run.Line, section);
    }

    internal LabDevice Left { get; }

    internal LabDevice Right { get; }

    internal LabWire In { get; } = new();

    internal LabWire Out { get; } = new();

    internal IForwarder Forwarder => _forwarder;

    /// <summary>Writes of RDT and TDT.</summary>
    internal long Doorbells { get; private set; }

    /// <summary>Register reads.</summary>
    internal long Reads { get; private set; }

    /// <summary>Frames that Poll says to have handed over.</summary>
    internal long Taken => _taken;

    internal int TailLine { get; private set; }

    internal int HeadLine { get; private set; }

    internal int ReadLine { get; private set; }

    /// <summary>The line at which the last call of Poll ended.</summary>
    internal int PollLine { get; private set; }

    /// <summary>When the first poll began; -1 if there was none.</summary>
    internal long FirstPoll { get; private set; } = -1;

    /// <summary>When the last one was over.</summary>
    internal long LastPoll { get; private set; }

    /// <summary>So many frames that both rings are gone around so often, and a little more.</summary>
    internal int Laps(int count) => count * Math.Max(LeftRing, RightRing) + _trial.Draw(1, 10);

    private int LeftRing => _trial.RingSize(Left, RDLEN);

    private int RightRing => _trial.RingSize(Right, TDLEN);

    internal int Poll()
    {
        if (FirstPoll < 0) FirstPoll = _trial.Now;
        int count = _trial.Call("Poll", _forwarder.Poll, TimeSpan.FromMilliseconds(2));
        (PollLine, LastPoll) = (_trial.Run.Line, _trial.Now);
        _taken += count;
        CheckWaits();
        return _rings.Shared is { } shared ? throw shared : count;
    }

    private void WasRead(QueueWatch queue, uint register, uint value)
    {
        queue.Read(register, value);
        (Reads, ReadLine) = (Reads + 1, _trial.Run.Line);
    }

    private void CheckWaits()
    {
        _receive.Check(_trial);
        _transmit.Check(_trial);
    }

    /// <summary>Frames come one after the other, and all have to get through.</summary>
    internal void ForwardSlowly(int count)
    {
        byte[][] frames = Next(count, longest: 300);
        int before = Out.Sent.Count;
        // A perverse card may keep descriptors for long.
        long gap = _trial.IsPerverse ? 12_000 : 2_500;
        for (int i = 0; i < count; i++) In.Add(_trial.Now + 1000 + i * gap, frames[i]);
        long limit = _trial.Now + 2_000_000 + count * gap;
        while (Out.Sent.Count < before + count && _trial.Now < limit)
        {
            _ = Poll();
            _trial.Advance(TimeSpan.FromMicroseconds(1));
        }
        Check(frames, before, mayLose: false);
    }

    /// <summary>The right cable is out for a while, and the right card's ring fills.</summary>
    internal void FillRing()
    {
        // What is on its way goes first; a perverse card may be slow to tell of it.
        for (int i = 0; i < 50; i++)
        {
            _ = Poll();
            _trial.Advance(TimeSpan.FromMicroseconds(20));
        }
        int ring = RightRing, count = 3 * ring;
        byte[][] frames = Next(count, longest: 300);
        int before = Out.Sent.Count;
        long taken = _taken;
        Out.IsPlugged = false;
        _trial.Advance(TimeSpan.FromMicroseconds(5));
        for (int i = 0; i < count; i++) In.Add(_trial.Now + 1000 + i * 2500, frames[i]);
        long limit = _trial.Now + count * 2500 + 100_000;
        while (_trial.Now < limit)
        {
            _ = Poll();
            _trial.Advance(TimeSpan.FromMicroseconds(1));
        }
        long accepted = _taken - taken;
        if (accepted >= ring)
            throw _trial.Failed(
                $"The right cable was out, so that nothing was sent. Poll said that it handed over {Frames.Count(accepted)}, and the "
                + $"ring has room for {ring - 1}.", PollLine, "82599 7.2.3.3");
        Out.IsPlugged = true;
        _trial.Advance(TimeSpan.FromMilliseconds(3));
        limit = _trial.Now + (_trial.IsPerverse ? 400_000_000 : 5_000_000);
        // A perverse left card may still have frames to tell of: they are handed over only now.
        for (int quiet = 0; (quiet < 50 || Out.Sent.Count < before + accepted) && _trial.Now < limit; quiet++)
        {
            if (Poll() != 0) quiet = 0;
            accepted = _taken - taken;
            _trial.Advance(TimeSpan.FromMicroseconds(20));
        }
        _trial.Advance(TimeSpan.FromMicroseconds(200));
        Check(frames, before, mayLose: true);
        if (Out.Sent.Count - before != accepted)
            throw _trial.Failed(
                $"Poll said that it handed over {Frames.Count(accepted)}, and the right card sent {Out.Sent.Count - before} of them. "
                + Where(), TailLine, "82599 7.2.3.3");
        // All else that a driver may be short of are buffers: it has those of the left card's ring at least.
        if (accepted < Math.Min(ring, LeftRing) / 2)
            throw _trial.Failed(
                $"The right card's ring was empty and has room for {ring - 1} frames, but Poll handed over {accepted} only, and "
                + "dropped the others.", PollLine, "82599 7.2.3.3");
        // All that is on the way comes back.
        for (int i = 0; i < 20; i++)
        {
            _ = Poll();
            _trial.Advance(TimeSpan.FromMicroseconds(20));
        }
    }

    /// <summary>Frames that no run had before.</summary>
    internal byte[][] Next(int count, int longest)
    {
        byte[][] frames = [.. Enumerable.Range(_number, count).Select(number =>
            Frames.Make(_trial, number, _trial.Draw(Frames.Shortest, longest)))];
        _number += count;
        return frames;
    }

    /// <summary>Compares what came out since a time with what went in.</summary>
    internal void Check(byte[][] frames, int before, bool mayLose)
    {
        int expected = 0;
        for (int i = before; i < Out.Sent.Count; i++)
        {
            byte[] sent = Out.Sent[i].Frame;
            int known = expected < frames.Length && sent.AsSpan().SequenceEqual(frames[expected])
                ? expected : Frames.Find(frames, sent);
            if (known == expected || known > expected && mayLose)
            {
                expected = known + 1;
                continue;
            }
            int other = Frames.FindStart(frames, sent);
            if (_rings.Twice is { } twice) throw twice;
            throw _trial.Failed(
                known > expected ? $"Frame {expected} was not forwarded, and frame {known} was: nothing may be dropped while the "
                    + "right card's ring has room."
                : known >= 0 ? $"Frame {known} came out a second time: its buffer is in two places at once, or was overwritten "
                    + "before it was sent."
                : other >= 0 ? $"A frame came out wrong: it begins as frame {other}, and "
                    + Frames.Compare(frames[other], sent) + "."
                : "A frame came out that was never sent, or not since then: its buffer was given to the left card before the "
                    + "right card had sent it, or a descriptor was sent twice.", TailLine, "82599 7.2.3.5");
        }
        if (expected == frames.Length || mayLose) return;
        throw _trial.Failed(Loss(expected), HeadLine > 0 ? HeadLine : PollLine, "82599 7.1.9, 7.2.3.3");
    }

    private string Loss(int number)
    {
        uint head = _trial.Peek(Left, RDH), tail = _trial.Peek(Left, RDT);
        string came = number == 0 ? "No frame came out of the right card" : $"After frame {number - 1} none came out any more";
        return head == tail
            ? $"{came}: the left card has no descriptor left (RDH and RDT are {head}). Each frame's descriptor goes back to it, "
                + "whether the frame is forwarded or dropped."
            : TailLine == 0 ? $"{came}: TDT was never written, so the right card knows of none."
            : $"{came}. {Where()}";
    }

    private string Where() =>
        $"Left: RDH {_trial.Peek(Left, RDH)}, RDT {_trial.Peek(Left, RDT)}; right: TDH {_trial.Peek(Right, TDH)}, TDT "
        + $"{_trial.Peek(Right, TDT)}. Poll has handed over {_taken} frames: are buffers taken back when DD is there, and is "
        + "each frame's descriptor handed over?";
}
