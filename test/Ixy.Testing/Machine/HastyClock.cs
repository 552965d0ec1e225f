using System.Diagnostics;

namespace Ixy.Testing.Machine;

/// <summary>
/// The machine's clock, which can be put forward by every look at it: what waits for a time to pass then looks a few
/// times, on a busy machine as well, instead of waiting. Its timers keep real time.
/// </summary>
internal sealed class HastyClock : TimeProvider
{
    private long _ahead, _perLook;

    /// <summary>How far each look puts it forward; nothing by default. For any thread.</summary>
    internal TimeSpan PerLook
    {
        set => Volatile.Write(ref _perLook, (long)(value.TotalSeconds * Stopwatch.Frequency));
    }

    public override long GetTimestamp() =>
        base.GetTimestamp() + Interlocked.Add(ref _ahead, Volatile.Read(ref _perLook));
}
