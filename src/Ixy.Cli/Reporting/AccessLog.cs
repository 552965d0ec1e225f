using Ixy.Vfio;

namespace Ixy.Cli.Reporting;

/// <summary>
/// The accesses to a function as lines of text. Consecutive similar accesses share a line: polls of a register, and
/// writes of one value to the elements of an array. For any thread.
/// </summary>
/// <param name="names">The names of the function's registers.</param>
/// <param name="clock">The function's clock.</param>
internal sealed class AccessLog(RegisterNames names, TimeProvider clock)
{
    internal const int MostLines = 20_000;

    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private readonly long _start = clock.GetTimestamp();
    private Entry? _last;
    private bool _isOver;

    /// <summary>How many accesses there were.</summary>
    internal long Count { get; private set; }

    /// <summary>Accesses that did not fit.</summary>
    internal long LeftOut { get; private set; }

    internal void Add(PciAccess access)
    {
        lock (_lock)
        {
            if (_isOver) return;
            Count++;
            var named = names.Find(access);
            if (_last?.TryTake(access, named) == true) return;
            Flush();
            _last = new(access, named, clock.GetElapsedTime(_start));
        }
    }

    /// <summary>All lines. Later accesses are not logged.</summary>
    internal IReadOnlyList<string> End()
    {
        lock (_lock)
        {
            Flush();
            _isOver = true;
            return _lines;
        }
    }

    private void Flush()
    {
        if (_last is null) return;
        if (_lines.Count < MostLines) _lines.Add($"{_last}");
        else LeftOut += _last.Times;
        _last = null;
    }

    private sealed class Entry(PciAccess access, NamedAccess named, TimeSpan time)
    {
        private int _lastIndex = named.Index;

        internal long Times { get; private set; } = 1;

        /// <summary>The same access again, or the same for the array's next element.</summary>
        internal bool TryTake(PciAccess next, NamedAccess nextNamed)
        {
            if ((next.IsWrite, next.Size, next.Bar) != (access.IsWrite, access.Size, access.Bar)) return false;
            if (nextNamed.Value != named.Value || nextNamed.Name != named.Name) return false;
            bool isSame = next.Offset == access.Offset && _lastIndex == named.Index;
            bool isNext = named.IsElement && nextNamed.Index == _lastIndex + 1 && Times == 1 + _lastIndex - named.Index;
            if (!isSame && !isNext) return false;
            _lastIndex = nextNamed.Index;
            Times++;
            return true;
        }

        public override string ToString()
        {
            string place = access.Bar is { } bar ? $"BAR{bar}+0x{access.Offset:x5}" : $"config 0x{access.Offset:x3}";
            string element = !named.IsElement ? ""
                : _lastIndex == named.Index ? $"[{named.Index}]" : $"[{named.Index}..{_lastIndex}]";
            string name = named.Name is null ? "" : $" {named.Name}{element}";
            string times = Times > 1 ? $" x{Times}" : "";
            return $"{time.TotalSeconds:F6} {(access.IsWrite ? "write" : "read")} {place}{name} {named.Value}{times}";
        }
    }
}
