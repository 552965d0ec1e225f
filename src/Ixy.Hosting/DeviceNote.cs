namespace Ixy.Hosting;

/// <summary>
/// Something a driver did that breaks no rule but is worth knowing: usually an access to a register that the device
/// does not have.
/// </summary>
/// <param name="Subject">What it is about: <c>0x05a80</c>.</param>
/// <param name="Text">What happened, as a sentence without its subject.</param>
/// <param name="Count">How many times.</param>
public sealed record DeviceNote(string Subject, string Text, long Count)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => Count == 1 ? $"{Subject}: {Text}" : $"{Subject}: {Text} ({Count} times)";
}

/// <summary>
/// The notes of a device: each subject once, with a count; the first <see cref="Limit"/> of them. Thread-safe.
/// </summary>
public sealed class DeviceNotes
{
    /// <summary>How many different notes are kept.</summary>
    public const int Limit = 100;

    private readonly Lock _lock = new();
    private readonly List<DeviceNote> _kept = [];
    private readonly Dictionary<(string Subject, string Text), int> _places = [];
    private long _count;

    /// <summary>How many times something was noted, including what is not kept.</summary>
    public long Count
    {
        get
        {
            lock (_lock) return _count;
        }
    }

    /// <summary>The notes kept, oldest first.</summary>
    public IReadOnlyList<DeviceNote> All
    {
        get
        {
            lock (_lock) return [.. _kept];
        }
    }

    /// <summary>Records a note.</summary>
    /// <param name="subject">What it is about, as in <see cref="DeviceNote.Subject"/>.</param>
    /// <param name="text">What happened, as a sentence without its subject.</param>
    public void Add(string subject, string text)
    {
        lock (_lock)
        {
            _count++;
            if (_places.TryGetValue((subject, text), out int place))
            {
                _kept[place] = _kept[place] with { Count = _kept[place].Count + 1 };
                return;
            }
            if (_kept.Count == Limit) return;
            _places.Add((subject, text), _kept.Count);
            _kept.Add(new(subject, text, 1));
        }
    }
}
