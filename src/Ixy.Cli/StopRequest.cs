using System.Runtime.InteropServices;

namespace Ixy.Cli;

/// <summary>
/// Ctrl-C, SIGTERM, a closed terminal, or a full film: the request to end in good order. A second signal ends the
/// process at once.
/// </summary>
internal sealed class StopRequest : IDisposable
{
    private readonly ManualResetEventSlim _requested = new();
    private readonly PosixSignalRegistration[] _registrations;

    internal StopRequest()
    {
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

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = !_requested.IsSet;
        _requested.Set();
    }
}
