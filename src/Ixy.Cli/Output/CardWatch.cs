using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Ixy.Simulation;

namespace Ixy.Cli.Output;

/// <summary>Shows what happens to a card that others drive: clients, link, rates, and broken rules.</summary>
internal sealed class CardWatch
{
    private readonly SimulatedCardServer _server;
    private readonly Screen _screen;
    private readonly Lock _lock = new();
    private ExceptionDispatchInfo? _failure;
    private bool _link;
    private long _toCard, _fromCard, _time = Stopwatch.GetTimestamp();
    private int _violations;

    internal CardWatch(SimulatedCardServer server, Screen screen)
    {
        (_server, _screen) = (server, screen);
        server.Notice += Tell;
    }

    /// <summary>Clients so far.</summary>
    internal int Clients { get; private set; }

    /// <summary>The wire has stopped working: there is nothing more to see.</summary>
    internal bool IsBroken => _server.Wire.Fault is not null;

    /// <summary>Shows what has changed since the last call.</summary>
    /// <exception cref="IOException">It cannot be written, or an earlier notice could not.</exception>
    internal void Show()
    {
        lock (_lock)
        {
            _failure?.Throw();
            ShowLink();
            ShowRates();
            ShowViolations();
        }
    }

    private void Tell(string notice)
    {
        lock (_lock)
        {
            if (_server.HasClient) Clients++;
            try
            {
                _screen.WriteLine(notice);
            }
            catch (IOException error)
            {
                // This is the server's thread: Show throws it later, where it can be reported.
                _failure ??= ExceptionDispatchInfo.Capture(error);
            }
        }
    }

    private void ShowLink()
    {
        if (_link == _server.LinkIsUp) return;
        _link = !_link;
        _screen.WriteLine($"link {(_link ? "up" : "down")}");
    }

    private void ShowRates()
    {
        var wire = _server.WireStatistics;
        double seconds = Stopwatch.GetElapsedTime(_time).TotalSeconds;
        _time = Stopwatch.GetTimestamp();
        long toCard = wire.Sent - _toCard, fromCard = wire.Received - _fromCard;
        (_toCard, _fromCard) = (wire.Sent, wire.Received);
        if (toCard != 0 || fromCard != 0)
            _screen.WriteLine(
                $"to the card {Rates.Mpps(toCard / seconds)} Mpps, from it {Rates.Mpps(fromCard / seconds)} Mpps");
    }

    private void ShowViolations()
    {
        var all = _server.Violations.All;
        for (; _violations < all.Count; _violations++) _screen.Alert($"the driver broke a rule: {all[_violations]}");
    }
}
