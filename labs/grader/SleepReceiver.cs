using Ixy.Hosting;
using Ixy.Vfio;

namespace Ixy.Labs.Grader;

/// <summary>Exercise 7.</summary>
internal sealed class SleepReceiver : Exercise
{
    private const uint EICR = 0x00800, EIAC = 0x00810, EIMS = 0x00880, IVAR0 = 0x00900, GPIE = 0x00898;

    private const uint MultipleMsix = 1u << 4, PbaSupport = 1u << 31;

    // In microseconds: how late a sleeper may be, after the frame is in its ring. A perverse card sends its message
    // late.
    private const int Late = 20, LatePerverse = 400;

    private static readonly TimeSpan s_night = TimeSpan.FromMilliseconds(3);

    internal override int Number => 7;

    internal override string Title => "sleep, and do not lose the first packet";

    internal override string File => "7-sleep.cs";

    internal override Type Contract => typeof(ISleepingReceiver);

    internal override bool AllowsGiven => true;

    internal override IReadOnlyList<LabTask> Tasks { get; } = [
        new("wakes up when a frame comes", 4, WakesUp),
        new("sleeps while none comes, and is not interrupted while awake", 2, Sleeps),
        new("loses no frame that comes while it goes to sleep", 4, LosesNone)];

    private static void WakesUp(Trial trial)
    {
        var bench = new SleepBench(trial);
        for (int i = 0; i < 12; i++) bench.SleepUntilFrame(after: trial.Draw(30, 500) * 1000);
        bench.CheckMasked();
    }

    private static void Sleeps(Trial trial)
    {
        var bench = new SleepBench(trial);
        bench.SleepUntilFrame(after: 50_000);
        for (int i = 0; i < 3; i++)
        {
            bench.SleepUntilFrame(after: 100, isThere: true);
            bench.CheckMasked();
        }
        // Something that arrived meanwhile may wake it once more.
        for (int i = 0; i < 2; i++) bench.Sleep(TimeSpan.FromMicroseconds(500));
        long start = trial.Now;
        for (int i = 0; i < 4; i++)
        {
            bench.Sleep(s_night);
            if (trial.Run.Statements > 300)
                throw trial.Failed(
                    $"Sleep ran {trial.Run.Statements} statements in one night: it is awake, and looks again and again. Wait "
                    + "for the interrupt instead.", bench.SleepLine);
        }
        double slept = (trial.Now - start) / 1e6, night = s_night.TotalMilliseconds;
        if (slept < 3 * night)
            throw trial.Failed(
                $"No frame came, and four calls of Sleep for {night:F0} ms took {slept:F1} ms in all: it does not sleep. Is a "
                + "cause that has interrupted ever cleared? Until then it interrupts again whenever it is let through.",
                bench.SleepLine, "82599 7.3.1.4");
        if (slept > 1.5 * 4 * night)
            throw trial.Failed(
                $"No frame came, and four calls of Sleep for {night:F0} ms took {slept:F1} ms in all: it sleeps longer than it "
                + "was told.", bench.SleepLine);
        bench.CheckMasked();
    }

    // A frame at each moment around the call.
    private static void LosesNone(Trial trial)
    {
        var bench = new SleepBench(trial);
        for (int moment = 0; moment < 24; moment++)
        {
            bench.SleepUntilFrame(after: 40_000);
            trial.Advance(TimeSpan.FromTicks(trial.Draw(0, 10)));
            bench.SleepUntilFrame(after: 100 * moment);
        }
    }

    private sealed class SleepBench
    {
        private readonly Trial _trial;
        private readonly ReceiveBench _bench;
        private readonly ISleepingReceiver _sleeper;
        private readonly ulong _ring;
        private readonly int _size;
        private int _number, _enableLine, _clearLine;
        private uint _enabled;
        // Whether EIMS was written since the driver fell asleep, and when the arriving frame was in the ring.
        private bool _isWritten;
        private long _writtenAt;

        internal SleepBench(Trial trial)
        {
            _trial = trial;
            _bench = new ReceiveBench(trial);
            _sleeper = (ISleepingReceiver)_bench.Receiver;
            _bench.Start();
            CheckSetUp();
            (_ring, _size) = (_bench.RingAddress, _bench.RingSize);
            if (trial.Run.Owns(_ring, 16 * _size)) trial.World.AddActor(Watch);
            if ((trial.Peek(_bench.Card, EIMS) & 1) != 0)
                throw trial.Failed("Start returned, and the cause is let through already (EIMS bit 0): the driver is awake.",
                    trial.Run.Line, "82599 7.3.1.2");
            _bench.Card.Written = (_, register, value) =>
            {
                if (register == EIMS) (_isWritten, _enabled, _enableLine) = (true, _enabled | value, trial.Run.Line);
                if (register == EICR) _clearLine = trial.Run.Line;
            };
            _bench.Card.WasRead = (_, register, _) =>
            {
                if (register == EICR) _clearLine = trial.Run.Line;
            };
        }

        internal int SleepLine { get; private set; }

        internal void Sleep(TimeSpan time)
        {
            _trial.Call("Sleep", () => _sleeper.Sleep(time), 10 * time + TimeSpan.FromMilliseconds(1));
            SleepLine = _trial.Run.Line;
        }

        /// <summary>The loop of a driver that is idle until a frame arrives.</summary>
        /// <param name="after">Nanoseconds from now until it arrives.</param>
        /// <param name="isThere">Sleep is called only when the frame is in the ring.</param>
        internal void SleepUntilFrame(long after, bool isThere = false)
        {
            byte[] sent = Frames.Make(_trial, _number++, Frames.Shortest);
            long comes = _trial.Now + after;
            _bench.Wire.Add(comes, sent);
            (_isWritten, _enabled, _writtenAt) = (false, 0, 0);
            for (int i = 0; i < 1000 && isThere && _writtenAt == 0; i++) _trial.Advance(TimeSpan.FromMicroseconds(1));
            // It may be woken for a packet taken long ago.
            long asleepAt = _trial.Now;
            for (int i = 0; i < 4; i++)
            {
                Sleep(s_night);
                byte[]? frame = _trial.Call("Receive", _sleeper.Receive);
                if (frame is null) continue;
                if (!frame.AsSpan().SequenceEqual(sent))
                    throw _trial.Failed($"Receive returned another frame: {Frames.Compare(sent, frame)}.", _trial.Run.Line);
                long late = (_trial.Now - Math.Max(comes, Math.Max(asleepAt, _writtenAt))) / 1000;
                if (late > (_trial.IsPerverse ? LatePerverse : Late)) throw Lost($"a frame was there for {late} us");
                if (_trial.Call("Receive", _sleeper.Receive) is not null)
                    throw _trial.Failed("Receive returned a frame twice.", _trial.Run.Line);
                return;
            }
            if (_trial.Now - asleepAt < 3 * s_night.TotalNanoseconds) throw WokenEarly();
            throw Lost("no frame came out in four nights");
        }

        internal void CheckMasked()
        {
            if ((_trial.Peek(_bench.Card, EIMS) & 1) != 0)
                throw _trial.Failed(
                    "Sleep returned, and the cause is still let through (EIMS bit 0): each frame interrupts a driver that is awake. "
                    + "Write EIMC before you return.", SleepLine, "82599 7.3.1.2");
        }

        private void CheckSetUp()
        {
            if (_bench.Card.Interrupts is { } kind and not InterruptKind.Msix)
                throw _trial.Failed($"Start connected {kind} vectors: Msix is asked for.", _bench.Card.InterruptsLine,
                    "82599 7.3.4");
            uint gpie = _trial.Peek(_bench.Card, GPIE);
            if ((gpie & MultipleMsix) == 0)
                throw _trial.Failed(
                    $"Start returned, and GPIE is 0x{gpie:x8}: bit 4, Multiple_MSIX, is to be set where MSI-X is used.",
                    _bench.Card.LineOfWrite(GPIE) ?? _trial.Run.Line, "82599 8.2.3.5.18");
            if ((gpie & PbaSupport) == 0)
                throw _trial.Failed(
                    $"Start returned, and GPIE is 0x{gpie:x8}: bit 31, PBA_support, is to be set where MSI-X is used.",
                    _bench.Card.LineOfWrite(GPIE) ?? _trial.Run.Line, "82599 8.2.3.5.18");
        }

        // Checks the descriptor of the arriving frame whenever the card has had a turn.
        private unsafe ActorTurn Watch()
        {
            if (_number > 0 && _writtenAt == 0 && (((ulong*)_ring)[2 * ((_number - 1) % _size) + 1] & 1) != 0)
                _writtenAt = _trial.Now;
            return ActorTurn.Idle(1);
        }

        private TrialFailedException WokenEarly()
        {
            const string Words = "Sleep returned four times before a frame was there or its time was over";
            return (_enabled & ~1u) != 0 ? _trial.Failed(
                    $"{Words}. 0x{_enabled:x} was written to EIMS: let only cause 0 through. One of the others is set.",
                    _enableLine, "82599 7.3.1.2")
                : _isWritten && _clearLine == 0 && (_trial.Peek(_bench.Card, EIAC) & 1) == 0 ? _trial.Failed(
                    $"{Words}. The cause is still set from an earlier frame: EIAC bit 0 is 0, and nobody cleared EICR.",
                    _enableLine, "82599 7.3.1.4")
                : _trial.Failed($"{Words}: is the vector in the waiter?", SleepLine);
        }

        private TrialFailedException Lost(string what)
        {
            uint ivar = _trial.Peek(_bench.Card, IVAR0);
            string words = $"Sleep slept on, and {what}.";
            return (ivar & 0x80) == 0 ? _trial.Failed(
                    $"{words} IVAR[0] is 0x{ivar:x8}: bit 7 says that the entry of receive queue 0 is valid.", SleepLine,
                    "82599 8.2.3.5.15")
                : (ivar & 0x3F) != 0 ? _trial.Failed(
                    $"{words} IVAR[0] gives receive queue 0 the cause {ivar & 0x3F}, and the one that is waited for is 0.",
                    SleepLine, "82599 8.2.3.5.15")
                : !_isWritten ? _trial.Failed(
                    $"{words} EIMS was not written before: the cause is masked, so it does not interrupt.", SleepLine,
                    "82599 7.3.1.2")
                : (_enabled & 1) == 0 ? _trial.Failed(
                    $"{words} What was written to EIMS, 0x{_enabled:x}, has no bit 0: cause 0 is masked, so it does not interrupt.",
                    _enableLine, "82599 7.3.1.2")
                : _enabled != 1 ? _trial.Failed(
                    $"{words} 0x{_enabled:x} was written to EIMS: let only cause 0 through. One of the others that is set, and "
                    + "that nobody clears, keeps the vector busy.", _enableLine, "82599 7.3.1.2")
                : _clearLine == 0 && (_trial.Peek(_bench.Card, EIAC) & 1) == 0 ? _trial.Failed(
                    $"{words} The cause is still set from an earlier frame, so the next one is nothing new: EIAC bit 0 is 0, and "
                    + "nobody cleared EICR.", _enableLine, "82599 7.3.1.4")
                : _clearLine > 0 ? _trial.Failed(
                    $"{words} EICR was cleared in line {_clearLine}, and with it the cause of a frame that had just come. "
                    + "Look at the ring behind that.", _clearLine, "82599 7.3.1.2")
                : _trial.Failed(
                    $"{words} It came around the call: let the cause through first, and then look at the ring once more before "
                    + "you wait.", _enableLine, "82599 7.3.1.2");
        }
    }
}
