namespace Ixy.Labs.Grader;

/// <summary>Exercise 8.</summary>
internal sealed partial class VirtioRings : Exercise
{
    internal override int Number => 8;

    internal override string Title => "virtio's split ring";

    internal override string File => "8-virtio.cs";

    internal override Type Contract => typeof(IVirtioDriver);

    internal override bool AllowsGiven => false;

    internal override IReadOnlyList<LabTask> Tasks { get; } = [
        new("receives frames", 3, trial => new Bench(trial).Receive(5, gap: 5_000)),
        new("sends frames", 3, trial => new Bench(trial).Send(5, pause: 5)),
        new("goes around both rings, in any order", 2, GoesAround),
        new("loses nothing when much comes and goes at once", 2, KeepsUp)];

    // Statements of one call of Send that takes back a whole ring and copies byte by byte, and more.
    private const int MostInSend = 5000, MostForByte = 4;

    // What a buffer is filled with when the device has it.
    private const byte Scribble = 0xDD;

    private static void GoesAround(Trial trial)
    {
        var bench = new Bench(trial);
        bench.Receive(bench.Laps(0), gap: 4_000);
        bench.Send(bench.Laps(1), pause: 2);
        bench.Receive(20, gap: 4_000);
    }

    private static void KeepsUp(Trial trial)
    {
        var bench = new Bench(trial);
        for (int i = 0; i < 3; i++)
        {
            bench.Send(bench.Laps(1), pause: 0);
            bench.Receive(60, gap: 100);
        }
    }

#pragma warning disable CA1001 // The wire belongs to its card.
    private sealed partial class Bench
#pragma warning restore CA1001
    {
        private readonly Trial _trial;
        private readonly LabWire _wire = new();
        private readonly IVirtioDriver _driver;
        private readonly List<byte[]> _received = [];
        private readonly VirtioDevice _device;
        private readonly VirtioWatch _watch;
        private int _number, _writeLine, _sendLine, _receiveLine;
        private ushort _seen;
        // What Receive is called for now, and what it has not been called for yet.
        private byte[][] _current = [], _coming = [];
        private bool _isCurrentHandedOver;
        private bool _isTransmitNotified;

        internal Bench(Trial trial)
        {
            _trial = trial;
            trial.Document = "virtio 1.2,";
            var card = trial.Open($"sim:virtio,mac={Frames.CardAddress}", _wire);
            _device = new VirtioDevice(card) { Notifying = Notifying };
            _driver = trial.New<IVirtioDriver>();
            _watch = new(trial, _device);
            card.Written = (_, _, _) => _writeLine = trial.Run.Line;
            Call<object?>("Start", () =>
            {
                _driver.Start(_device);
                return null;
            });
            ExpectNothing();
        }

        /// <summary>So many frames that the queue's rings are gone around twice, and a little more.</summary>
        internal int Laps(int queue) => 2 * (_device.QueueOf(queue)?.Size ?? 0) + _trial.Draw(1, 20);

        internal void Receive(int count, long gap)
        {
            byte[][] frames = Next(count);
            for (int i = 0; i < count; i++) _wire.Add(_trial.Now + 1000 + i * gap, frames[i]);
            long limit = _trial.Now + 2_000_000 + count * gap;
            for (int number = 0; number < count;)
            {
                (_current, _coming, _isCurrentHandedOver) = ([frames[number]], frames[(number + 1)..], false);
                byte[]? frame = Call("Receive", _driver.Receive);
                if (frame is not null)
                {
                    _receiveLine = _trial.Run.Line;
                    Check(frames, number++, frame);
                    continue;
                }
                if (_trial.Now > limit)
                    throw _trial.Failed(
                        $"{(number == 0 ? "No frame came" : $"After {Frames.Count(number)} none came any more")} out of Receive, and "
                        + $"the device has taken {_wire.Arrived} from the wire. Has it got buffers, and does it know of them: "
                        + "the index of the available ring, and Notify? Is what it gives back seen: the index of the used "
                        + "ring?", _writeLine > 0 ? _writeLine : _trial.Run.Line, "virtio 1.2, 2.7.6, 2.7.8");
                _trial.Advance(TimeSpan.FromMicroseconds(1));
            }
            ExpectNothing();
            CheckNotified();
        }

        internal void Send(int count, int pause)
        {
            byte[][] frames = Next(count);
            int before = _wire.Sent.Count;
            foreach (byte[] frame in frames)
            {
                long until = _trial.Now + 3_000_000;
                while (!TrySend(frame))
                {
                    if (_trial.Now > until)
                        throw _trial.Failed(
                            "Send only returns false, though the device has sent all it got. Are descriptors taken back "
                            + "from the used ring?", _sendLine, "virtio 1.2, 2.7.8");
                    _trial.Advance(TimeSpan.FromMicroseconds(1));
                }
                if (pause > 0) _trial.Advance(TimeSpan.FromMicroseconds(pause));
            }
            if (!_isTransmitNotified)
                throw _trial.Failed(
                    "Send returned true, and queue 1 was never notified: without that the device need not look at the available "
                    + "ring.", _sendLine, "virtio 1.2, 4.1.5.2");
            long limit = _trial.Now + 3_000_000;
            while (_wire.Sent.Count < before + count && _trial.Now < limit)
                _trial.Advance(TimeSpan.FromMicroseconds(10));
            for (int i = 0; i < Math.Min(count, _wire.Sent.Count - before); i++)
                CheckSent(frames, i, _wire.Sent[before + i].Frame);
            if (_wire.Sent.Count - before == count) return;
            throw _trial.Failed(
                $"Send took {Frames.Count(count)}, and the device has sent {_wire.Sent.Count - before}. Is each descriptor in the "
                + "available ring, its index moved, and the device notified?", _writeLine > 0 ? _writeLine : _sendLine,
                "virtio 1.2, 2.7.6, 4.1.5.2");
        }

        private byte[][] Next(int count)
        {
            byte[][] frames = [.. Enumerable.Range(_number, count).Select(number =>
                Frames.Make(_trial, number, number % 7 == 1 ? Frames.Longest : _trial.Draw(Frames.Shortest, 400)))];
            _number += count;
            return frames;
        }

        private bool TrySend(byte[] frame)
        {
            byte[] passed = [.. frame];
            bool isFull = _watch.IsFull(1);
            bool isSent = Call("Send", () => _driver.Send(passed), isFull ? "All descriptors of queue 1 were with the device "
                + "then, so none was free: return false if the ring is full." : null);
            _sendLine = _trial.Run.Line;
            if (_trial.Run.Statements > MostInSend + MostForByte * frame.Length)
                throw _trial.Failed(
                    $"Send ran {_trial.Run.Statements} statements for one frame: it waits until there is room. Return false if "
                    + "the ring is full.", _sendLine, "virtio 1.2, 2.7.8");
            Array.Fill(passed, (byte)0xEE);
            return isSent;
        }

        private void ExpectNothing()
        {
            byte[]? frame = Call("Receive", _driver.Receive);
            if (frame is null) return;
            throw _trial.Failed(
                Frames.Find([.. _received], frame) >= 0 ? "Receive returned a frame a second time: count up the index of the used "
                    + "ring that you have seen."
                : $"Receive returned {frame.Length} bytes, but no frame has been sent: compare the index of the used ring with "
                    + "the one that you saw last.", _trial.Run.Line, "virtio 1.2, 2.7.8");
        }

        private void Check(byte[][] frames, int number, byte[] frame)
        {
            byte[] expected = frames[number];
            if (frame.AsSpan().SequenceEqual(expected))
            {
                _received.Add(frame);
                return;
            }
            if (frame.Length > 0 && frame.AsSpan().IndexOfAnyExcept(Scribble) < 0)
                throw _isCurrentHandedOver ? _trial.Failed(
                        $"Frame {number} is wrong: the device had its buffer again when its bytes were copied, and may write into "
                        + "it at any time. Copy first, then hand the buffer over.", _trial.Run.Line, "virtio 1.2, 2.7.6")
                    : _trial.Failed(
                        $"In place of frame {number}, the bytes of another one came, or of none. The number of the buffer and its "
                        + "length are in the used ring, and each element is to be taken once.", _trial.Run.Line,
                        "virtio 1.2, 2.7.8");
            int known = Frames.Find(frames, frame), start = Frames.FindStart(frames, frame);
            bool hasHeader = frame.Length > 52 && frame.AsSpan(12).StartsWith(expected.AsSpan(0, 40));
            string words = hasHeader ? $"Frame {number} came with its header: the first 12 bytes of the buffer are not the frame's."
                : frame.Length == expected.Length + 12 && start == number ? $"Frame {number} came with 12 bytes too many: the "
                    + "length in the used ring counts the header, too."
                : known >= 0 || Frames.Find([.. _received], frame) >= 0 || start >= 0 && start != number ? $"In place of frame {number}, the "
                    + "bytes of another one came. Which buffer was filled is said by the number in the used ring; they come "
                    + "back in any order."
                : $"Frame {number} is wrong: {Frames.Compare(expected, frame)}. The number of the buffer and its length are in "
                    + "the used ring.";
            throw _trial.Failed(words, _trial.Run.Line, hasHeader ? "virtio 1.2, 5.1.6" : "virtio 1.2, 2.7.8");
        }

        private void CheckSent(byte[][] frames, int number, byte[] sent)
        {
            byte[] expected = frames[number];
            if (sent.AsSpan().SequenceEqual(expected)) return;
            int known = Frames.Find(frames, sent);
            throw _trial.Failed(
                known >= 0 ? $"In place of frame {number}, frame {known} was sent: a buffer was filled again before the device had "
                    + "given it back, or a descriptor is in the available ring twice."
                : sent.AsSpan().StartsWith(expected.AsSpan(12, 30)) ? $"Frame {number} was sent without its first 12 bytes: the "
                    + "header stands in front of it, in the same buffer."
                : sent.Length == expected.Length - 12 ? $"Frame {number} was sent without its last 12 bytes: the length in the "
                    + "descriptor counts the header, too."
                : $"Frame {number} was sent wrong: {Frames.Compare(expected, sent)}.", _sendLine, "virtio 1.2, 5.1.6");
        }
    }
}
