using System.Runtime.InteropServices;

namespace Ixy.Cli;

/// <summary>
/// Ctrl-C, SIGTERM, a closed terminal, or a full film: the request to end in good order. A second signal ends the
/// process at once, but not within half a second: <c>timeout -s INT</c> signals the process, and then its group again.
/// </summary>
internal sealed class StopRequest : IDisposable
{
    private static readonly TimeSpan s_sameRequest = TimeSpan.FromMilliseconds(500);

    private readonly ManualResetEventSlim _requested = new();
    private readonly PosixSignalRegistration[] _registrations;
    private readonly TimeProvider _clock;
    private readonly Lock _signalLock = new();
    private long? _firstSignal;

    internal StopRequest(TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(
            signal => PosixSignalRegistration.Create(signal, OnSignal))];
        // A full film is also a reason to end: nothing more would be recorded.
        if (Filming.Recorder is { } recorder) recorder.Filled = _requested.Set;
    }

    internal bool IsRequested => _requested.IsSet;

    internal WaitHandle WaitHandle => _requested.WaitHandle;

    /// <summary>True if the request comes within this time.</summary>
    internal bool Wait(TimeSpan time) => _requested.Wait(time);

    public void Dispose()
    {
        if (Filming.Recorder is { } recorder) recorder.Filled = null;
        foreach (var registration in _registrations) registration.Dispose();
        _requested.Dispose();
    }

    internal void OnSignal(PosixSignalContext context)
    {
        // Signals of different kinds can be handled at the same time.
        lock (_signalLock)
        {
            _firstSignal ??= _clock.GetTimestamp();
            context.Cancel = _clock.GetElapsedTime(_firstSignal.Value) < s_sameRequest;
        }
        _requested.Set();
    }
}
