namespace Ixy.Labs.Grader;

/// <summary>
/// Looks at the available rings after each statement of the driver, as a device may: what the index covers is handed
/// over, and has to be there.
/// </summary>
internal sealed unsafe class VirtioWatch
{
    private readonly Trial _trial;
    private readonly VirtioDevice _device;
    private readonly Known[] _queues = [new(0), new(1)];
    private TrialFailedException? _early;

    internal VirtioWatch(Trial trial, VirtioDevice device)
    {
        (_trial, _device) = (trial, device);
        trial.Run.Stepped = Look;
    }

    /// <summary>Fails if something was handed over before it was written.</summary>
    internal void Check()
    {
        if (_early is not null) throw _early;
    }

    /// <summary>The device has all descriptors of a queue.</summary>
    internal bool IsFull(int queue) => _device.QueueOf(queue) is { } ring && IsReadable(_trial, ring)
        && (ushort)(((ushort*)ring.Available)[1] - ((ushort*)ring.Used)[1]) >= ring.Size;

    /// <summary>Its areas are where they may be looked at.</summary>
    internal static bool IsReadable(Trial trial, VirtioQueue ring) => ring.Size is > 0 and <= 256
        && trial.Run.Owns(ring.Available, 4 + 2 * ring.Size) && trial.Run.Owns(ring.Descriptors, 16 * ring.Size)
        && trial.Run.Owns(ring.Used, 4 + 8 * ring.Size);

    private void Look()
    {
        if (_early is not null || !_device.IsLive) return;
        foreach (var queue in _queues) Look(queue);
    }

    private void Look(Known queue)
    {
        queue.Ring ??= _device.QueueOf(queue.Number) is { } set && IsReadable(_trial, set) ? set : null;
        if (queue.Ring is not { } ring) return;
        var available = (ushort*)ring.Available;
        var table = (ulong*)ring.Descriptors;
        ushort index = available[1], used = ((ushort*)ring.Used)[1];
        // A call begins, or descriptors have come back and may be changed.
        if (_trial.Run.Statements == 0 || used != queue.Used) queue.Entries.Clear();
        queue.Used = used;
        // Without a closure: what is allocated at each statement would count as the student's.
        for (int i = queue.Entries.Count - 1; i >= 0; i--)
            if ((ushort)(index - queue.Entries[i].At) >= ring.Size) queue.Entries.RemoveAt(i);
        foreach (var entry in queue.Entries)
        {
            int place = entry.At % ring.Size;
            if (available[2 + place] != entry.Descriptor)
                _early = Failed(queue, entry, $"place {place} of the ring", "2.7.6");
            else if (entry.Descriptor < ring.Size
                && (table[2 * entry.Descriptor], table[2 * entry.Descriptor + 1]) != (entry.Low, entry.High))
                _early = Failed(queue, entry, $"descriptor {entry.Descriptor}", "2.7.5, 2.7.6");
            if (_early is not null) return;
        }
        if (_trial.Run.Statements > 0 && (ushort)(index - queue.Index) <= ring.Size)
        {
            for (ushort at = queue.Index; at != index; at++)
            {
                ushort descriptor = available[2 + at % ring.Size];
                var (low, high) = descriptor < ring.Size ? (table[2 * descriptor], table[2 * descriptor + 1]) : (0, 0);
                queue.Entries.Add(new(at, descriptor, low, high, _trial.Run.Line));
            }
        }
        queue.Index = index;
    }

    private TrialFailedException Failed(Known queue, Entry entry, string what, string section) => _trial.Failed(
        $"The index of queue {queue.Number}'s available ring was moved to {(ushort)(entry.At + 1)}, and {what} was written only "
        + $"after that, in line {_trial.Run.Line}: the device may look between the two. Write all that it covers before you "
        + "move the index.", entry.Line, $"virtio 1.2, {section}");

    // What has been handed over in this call, and what it was then.
    private sealed class Known(int number)
    {
        internal int Number => number;

        internal VirtioQueue? Ring { get; set; }

        internal ushort Index { get; set; }

        internal ushort Used { get; set; }

        internal List<Entry> Entries { get; } = [];
    }

    private readonly record struct Entry(ushort At, ushort Descriptor, ulong Low, ulong High, int Line);
}
