namespace Ixy.Labs.Grader;

/// <summary>Exercise 4.</summary>
internal sealed class TransmitFrames : Exercise
{
    private const uint DMATXCTL = 0x04A80, TDLEN = 0x06008, TDH = 0x06010, TDT = 0x06018, TXDCTL = 0x06028;
    private const uint Enable = 1u << 25;

    internal override int Number => 4;

    internal override string Title => "transmit";

    internal override string File => "4-transmit.cs";

    internal override Type Contract => typeof(ITransmitter);

    internal override bool AllowsGiven => true;

    internal override IReadOnlyList<LabTask> Tasks { get; } = [
        new("starts the queue, and sends frames", 4, trial => new Bench(trial).SendSlowly(5)),
        new("goes around the ring, again and again", 3, GoesAround),
        new("says when the ring is full, and loses nothing", 3, trial => new Bench(trial).FillRing())];

    private static void GoesAround(Trial trial)
    {
        var bench = new Bench(trial);
        bench.SendSlowly(3 * bench.RingSize + trial.Draw(1, 10));
    }

    // The wire belongs to its card.
#pragma warning disable CA1001
    private sealed class Bench
#pragma warning restore CA1001
    {
        private readonly Trial _trial;
        private readonly LabWire _wire = new();
        private readonly LabDevice _card;
        private readonly ITransmitter _transmitter;
        private readonly List<byte[]> _accepted = [];
        private readonly QueueWatch _queue = new(TXDCTL, TDT, isReceive: false);
        private int _tailLine, _sendLine;

        internal Bench(Trial trial)
        {
            _trial = trial;
            _card = trial.Open($"sim:ixgbe,link-delay=1ms,mac={Frames.CardAddress}", _wire);
            var registers = _card.OpenBar(0);
            Given.ResetAndStartLink(_card, registers);
            _transmitter = trial.New<ITransmitter>();
            _card.Written = (_, register, value) =>
            {
                _queue.Written(register, value, trial.Run.Line);
                if (register == TDT) _tailLine = trial.Run.Line;
            };
            _card.WasRead = (_, register, value) => _queue.Read(register, value);
            trial.Call("Start", () => _transmitter.Start(_card, registers), TimeSpan.FromSeconds(1));
            if ((Peek(DMATXCTL) & 1) == 0)
                throw trial.Failed("Start returned, but the card does not transmit: DMATXCTL bit 0, TE, is 0.",
                    trial.Run.Line, "82599 4.6.8");
            if ((Peek(TXDCTL) & Enable) == 0)
                throw trial.Failed("Start returned, but queue 0 is off: TXDCTL bit 25 is 0.", trial.Run.Line, "82599 4.6.8");
            if (Peek(TDLEN) == 0)
                throw trial.Failed("Start returned, but the ring has no length: TDLEN is 0.", trial.Run.Line, "82599 4.6.8");
        }

        internal int RingSize => _trial.RingSize(_card, TDLEN);

        internal void SendSlowly(int count)
        {
            foreach (byte[] frame in Frames.Draw(_trial, count))
            {
                if (!TrySend(frame))
                {
                    // A card may be slow to report.
                    _trial.Advance(TimeSpan.FromMilliseconds(1));
                    if (!TrySend(frame)) throw NeverFree();
                }
                _trial.Advance(TimeSpan.FromMicroseconds(3));
            }
            CheckSent();
        }

        /// <summary>
        /// The cable is out for a while, so that the ring fills however long the driver takes for a frame.
        /// </summary>
        internal void FillRing()
        {
            int ring = RingSize;
            byte[][] frames = Frames.Draw(_trial, 3 * ring, shortest: 1000);
            _wire.IsPlugged = false;
            _trial.Advance(TimeSpan.FromMicroseconds(5));
            while (_accepted.Count < ring && TrySend(frames[_accepted.Count]))
            {
            }
            if (_accepted.Count == ring)
                throw _trial.Failed(
                    $"The cable was out, so that nothing was sent. Send took {ring} frames, and the ring has room for {ring - 1}: "
                    + "it never said that the ring is full.", _sendLine, "82599 7.2.3.3");
            _wire.IsPlugged = true;
            // A perverse card takes its time until the link is up again.
            long up = _trial.Now + 400_000_000;
            while (_wire.Sent.Count == 0 && _accepted.Count > 0 && _trial.Now < up)
                _trial.Advance(TimeSpan.FromMicroseconds(100));
            while (_accepted.Count < frames.Length)
            {
                long limit = _trial.Now + 2_000_000;
                while (!TrySend(frames[_accepted.Count]))
                {
                    if (_trial.Now > limit) throw NeverFree();
                    _trial.Advance(TimeSpan.FromMicroseconds(1));
                }
            }
            CheckSent();
        }

        private uint Peek(uint register) => _trial.Peek(_card, register);

        private bool TrySend(byte[] frame)
        {
            // A copy: a driver that keeps the memory instead of copying it sends something else.
            byte[] passed = [.. frame];
            bool isSent = _trial.Call("Send", () => _transmitter.Send(passed));
            _sendLine = _trial.Run.Line;
            _queue.Check(_trial);
            Array.Fill(passed, (byte)0xEE);
            if (isSent) _accepted.Add(frame);
            return isSent;
        }

        private TrialFailedException NeverFree()
        {
            uint head = Peek(TDH), tail = Peek(TDT);
            return _trial.Failed(head == tail
                ? $"After {_accepted.Count} frames Send only returns false, though the card has sent them all (TDH and TDT are "
                    + $"{head}). Is RS set, and are descriptors taken back that say DD?"
                : $"After {_accepted.Count} frames Send only returns false: TDH is {head} and TDT is {tail}.", _sendLine,
                "82599 7.2.3.5");
        }

        private void CheckSent()
        {
            long limit = _trial.Now + 3_000_000;
            while (_wire.Sent.Count < _accepted.Count && _trial.Now < limit)
                _trial.Advance(TimeSpan.FromMicroseconds(10));
            for (int i = 0; i < Math.Min(_wire.Sent.Count, _accepted.Count); i++)
            {
                byte[] sent = _wire.Sent[i].Frame, frame = _accepted[i];
                if (sent.AsSpan().SequenceEqual(frame)) continue;
                int known = Frames.Find([.. _accepted], sent);
                throw _trial.Failed(
                    known > i && _accepted.Count - _wire.Sent.Count > 0 ? $"Frame {i} was not sent; frame {known} came in its place."
                    : known >= 0 ? $"In place of frame {i}, frame {known} was sent: its buffer was filled again before the card had "
                        + "sent it. A descriptor is yours again when it says DD, not earlier."
                    : sent.Length == frame.Length && sent.All(one => one == 0) && !_trial.Run.Holds(frame) ?
                        $"Frame {i} was sent with all its bytes 0: it is nowhere in the driver's DMA memory. Copy it into the buffer "
                        + "that word 0 of its descriptor names, before TDT is moved."
                    : $"Frame {i} was sent wrong: {Frames.Compare(frame, sent)}.", _tailLine, "82599 7.2.3.2.4");
            }
            if (_wire.Sent.Count > _accepted.Count)
                throw _trial.Failed($"{_wire.Sent.Count} frames were sent, and Send took {_accepted.Count} only.", _tailLine);
            if (_wire.Sent.Count == _accepted.Count) return;
            uint head = Peek(TDH), tail = Peek(TDT);
            string count = $"Send took {_accepted.Count} frames, and the card has sent {_wire.Sent.Count}";
            throw _trial.Failed(
                _tailLine == 0 ? $"{count}: TDT was never written, so the card knows of none."
                : head == tail ? $"{count}: TDT is {tail}, and it has done all before it. The tail is the place behind the last "
                    + "descriptor: move it when that is filled."
                : $"{count}: TDH is {head} and TDT is {tail}.", _tailLine > 0 ? _tailLine : _sendLine, "82599 7.2.3.3");
        }
    }
}
