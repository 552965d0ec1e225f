using Ixy.Simulation;
using Ixy.Vfio.Dma;

namespace Ixy.Labs;

/// <summary>An exercise is ended: it takes too long, or too much.</summary>
internal sealed class LabLimitException(string message) : Exception(message);

/// <summary>
/// One run of a student's driver in a virtual world: what time it takes, where it is, and what it has taken. For one
/// thread, which is the one that makes it.
/// </summary>
internal sealed class LabRun : IDisposable
{
    // What things take, in nanoseconds. A register read is a trip over the bus and back; a write is only sent off.
    internal const int StatementTime = 1, ReadTime = 1000, WriteTime = 100;
    internal const long MostStatements = 3_000_000, MostBytes = 256 << 20;
    internal const int MostLines = 50;

    [ThreadStatic]
    private static LabRun? s_current;

    private readonly Dictionary<DmaMemory, int> _memories = [];
    private readonly List<string> _printed = [];
    private long _pending, _statements, _endsAt = long.MaxValue, _bytesAtStart, _waited;
    private TimeSpan _limit;
    private string _call = "";
    private LabLimitException? _ended;

    internal LabRun(VirtualWorld world)
    {
        World = world;
        s_current = this;
    }

    internal static LabRun? Current => s_current;

    internal static LabRun Needed => s_current
        ?? throw new InvalidOperationException("there is no run now: use the lab in the methods that the grader calls");

    internal VirtualWorld World { get; }

    /// <summary>The line of the student's file that runs, or ran last.</summary>
    internal int Line { get; private set; }

    /// <summary>Statements of the call so far.</summary>
    internal long Statements => _statements;

    /// <summary>What is left of the call's time, and a little more; never more than that passes in a wait.</summary>
    internal TimeSpan Left =>
        TimeSpan.FromTicks(Math.Clamp((_endsAt - World.Nanoseconds) / 100 + 10, 1, TimeSpan.TicksPerMinute));

    /// <summary>Called after time has passed.</summary>
    internal Action? Passed { get; set; }

    /// <summary>
    /// Called when a statement is over, and before the first one of a call; <see cref="Line"/> is still its line.
    /// </summary>
    internal Action? Stepped { get; set; }

    internal IReadOnlyList<string> Printed => _printed;

    /// <summary>The grader calls a method of the student's now.</summary>
    /// <param name="call">Which, for messages.</param>
    /// <param name="limit">How long it may take, in virtual time.</param>
    internal void Begin(string call, TimeSpan limit)
    {
        (_call, _limit, _statements, _waited, _ended) = (call, limit, 0, 0, null);
        _bytesAtStart = GC.GetAllocatedBytesForCurrentThread();
        _endsAt = World.Nanoseconds + limit.Ticks * 100;
    }

    /// <summary>The call has returned.</summary>
    /// <exception cref="LabLimitException">It was ended before, and the student's code has caught that.</exception>
    internal void End()
    {
        Stepped?.Invoke();
        Flush();
        _endsAt = long.MaxValue;
        if (_ended is not null) throw _ended;
    }

    /// <summary>The call has thrown.</summary>
    /// <returns>Why it was ended before; null if it was not.</returns>
    internal LabLimitException? Stop()
    {
        _endsAt = long.MaxValue;
        Flush();
        return _ended;
    }

    /// <summary>A statement begins.</summary>
    internal void At(int line)
    {
        if (_ended is not null) throw _ended;
        Stepped?.Invoke();
        Line = line;
        _pending += StatementTime;
        if (++_statements > MostStatements)
            throw End($"{_call} still runs after {MostStatements / 1_000_000} million statements: this loop does not end");
        if ((_statements & 0x3F) == 0) CheckBytes();
        if (_pending >= 1000) Flush();
    }

    /// <summary>The stack is full.</summary>
    internal void EndRecursion() => throw End($"{_call}: a method calls itself without end");

    /// <summary>Time passes; devices have their turns.</summary>
    internal void Pass(long nanoseconds)
    {
        _pending += nanoseconds;
        Flush();
    }

    /// <summary>Lets the time of the statements so far pass.</summary>
    /// <returns>False if there is nothing to let pass.</returns>
    internal bool CatchUp()
    {
        long before = World.Nanoseconds;
        Flush();
        return World.Nanoseconds != before;
    }

    /// <summary>As <see cref="Pass"/>, for a wait of the student's.</summary>
    internal void Wait(Func<bool> pass)
    {
        long before = World.Nanoseconds;
        pass();
        _waited += World.Nanoseconds - before;
        Passed?.Invoke();
        CheckTime();
    }

    internal void Print(string text)
    {
        if (_printed.Count < MostLines) _printed.Add(text.Length > 200 ? text[..200] : text);
    }

    internal DmaMemory Allocate(int bytes)
    {
        if (bytes is < 1 or > 2 << 20)
            throw new ArgumentOutOfRangeException(
                nameof(bytes), $"{bytes} bytes of DMA memory were asked for: expected 1 to 2 MiB in one piece");
        long taken = _memories.Keys.Sum(memory => (long)memory.Length);
        if (taken + bytes > Dma.Most)
            throw End($"{taken >> 20} MiB of DMA memory are taken already: more than {Dma.Most >> 20} are not to be had");
        var memory = DmaMemory.Allocate((nuint)bytes);
        _memories.Add(memory, bytes);
        return memory;
    }

    /// <summary>As many bytes of it as were asked for.</summary>
    internal int LengthOf(DmaMemory memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        return _memories.TryGetValue(memory, out int bytes) ? bytes : throw new InvalidOperationException(
            "this DMA memory belongs to an earlier run, and is gone: do not keep it in static fields");
    }

    /// <summary>All these bytes are DMA memory of the run, so they may be looked at.</summary>
    internal bool Owns(ulong address, int bytes) => _memories.Any(memory =>
        address >= memory.Key.Address && address - memory.Key.Address + (ulong)bytes <= (ulong)memory.Value);

    /// <summary>These bytes are somewhere in the run's DMA memory.</summary>
    internal unsafe bool Holds(ReadOnlySpan<byte> bytes)
    {
        foreach (var (memory, length) in _memories)
        {
            if (new ReadOnlySpan<byte>((void*)memory.Address, length).IndexOf(bytes) >= 0) return true;
        }
        return false;
    }

    /// <summary>Takes the memory back. The cards must be closed.</summary>
    public void Dispose()
    {
        foreach (var memory in _memories.Keys) memory.Dispose();
        if (s_current == this) s_current = null;
    }

    private void Flush()
    {
        // The world counts in ticks of 100 ns.
        long ticks = _pending / 100;
        if (ticks == 0) return;
        _pending -= ticks * 100;
        World.Advance(TimeSpan.FromTicks(ticks));
        Passed?.Invoke();
        CheckTime();
    }

    private void CheckTime()
    {
        if (World.Nanoseconds <= _endsAt) return;
        string what = _waited < _limit.Ticks * 100 / 2 ? "this loop does not end"
            : $"line {Line} waits longer than {_limit.TotalMilliseconds:F0} ms. Look whether it waits for the right bit of the "
                + "right register, or whether its timeout is too long";
        throw End($"{_call} has not returned in the time it has: {what}");
    }

    private void CheckBytes()
    {
        if (GC.GetAllocatedBytesForCurrentThread() - _bytesAtStart > MostBytes)
            throw End($"{_call} has allocated {MostBytes >> 20} MiB of memory, and goes on");
    }

    // Whoever catches it gets it again with the next statement, or when the call returns.
    private LabLimitException End(string message)
    {
        _endsAt = long.MaxValue;
        return _ended = new(message);
    }
}
