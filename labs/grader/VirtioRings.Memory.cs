namespace Ixy.Labs.Grader;

/// <summary>What the driver has in memory when it calls, and when it is called.</summary>
internal sealed partial class VirtioRings
{
    private sealed partial class Bench
    {
        // What it did too early comes first, since all else may follow from that.
        private T Call<T>(string call, Func<T> action, string? whyItThrew = null)
        {
            try
            {
                var result = _trial.Call(call, action);
                _watch.Check();
                return result;
            }
            catch (TrialFailedException failed)
            {
                _watch.Check();
                if (whyItThrew is null || failed.Finding.Rule is not null
                    || !failed.Message.Contains(" threw ", StringComparison.Ordinal)) throw;
                throw _trial.Failed($"{failed.Message} {whyItThrew}", failed.Finding.Line, "virtio 1.2, 2.7.8");
            }
        }

        // The device may write into a buffer as soon as it has it.
        private unsafe void Notifying(int queue)
        {
            if (queue == 1) _isTransmitNotified = true;
            if (queue != 0 || _device.QueueOf(0) is not { } ring || !VirtioWatch.IsReadable(_trial, ring)) return;
            var available = (ushort*)ring.Available;
            var table = (ulong*)ring.Descriptors;
            for (int left = ring.Size; _seen != available[1] && left > 0; left--, _seen++)
            {
                int number = available[2 + _seen % ring.Size];
                if (number >= ring.Size) continue;
                ulong address = table[2 * number];
                int length = (int)Math.Min((uint)table[2 * number + 1], Frames.Longest + 12u);
                if (!_trial.Run.Owns(address, length)) continue;
                // It may have looked into the ring before, and have put a frame there.
                var buffer = new Span<byte>((void*)address, length);
                if (length > 12 && Frames.FindStart(_coming, buffer[12..]) >= 0) continue;
                if (length > 12 && Frames.FindStart(_current, buffer[12..]) >= 0) _isCurrentHandedOver = true;
                buffer.Fill(Scribble);
            }
            _seen = available[1];
        }

        // A driver may notify of several buffers at once, but has to do it some time.
        private unsafe void CheckNotified()
        {
            if (_device.QueueOf(0) is not { } ring || !VirtioWatch.IsReadable(_trial, ring)) return;
            int silent = (ushort)(((ushort*)ring.Available)[1] - _seen);
            if (silent >= ring.Size / 2)
                throw _trial.Failed(
                    $"{silent} buffers are in the available ring of queue 0, and the device was not notified of them: it need not "
                    + "look there by itself.", _receiveLine, "virtio 1.2, 4.1.5.2");
        }
    }
}
