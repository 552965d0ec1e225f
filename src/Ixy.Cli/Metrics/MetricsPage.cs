using System.Diagnostics.Metrics;
using System.Text;

namespace Ixy.Cli.Metrics;

/// <summary>Listens to ixy's meters, and prints their measurements.</summary>
internal sealed class MetricsPage : IDisposable
{
    // Batches by size, and the packets in them.
    private const string BatchSizes = "ixy.queue.batches", QueuePackets = "ixy.queue.packets";

    private readonly MeterListener _listener = new();
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string,
        (Instrument Instrument, List<(decimal, KeyValuePair<string, object?>[])> Series)> _found =
        new(StringComparer.Ordinal);

    internal MetricsPage()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name is IxyMetrics.MeterName or HardwareMetrics.MeterName or "Ixy.Simulation"
                or "Ixy.Capture")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>(
            (instrument, value, tags, _) => Take(instrument, (decimal)value, tags));
        IxyMetrics.Register();
        HardwareMetrics.Register();
        _listener.Start();
    }

    /// <summary>All current measurements, in the text format of Prometheus. For any thread.</summary>
    internal string Read()
    {
        lock (_lock)
        {
            _found.Clear();
            _listener.RecordObservableInstruments();
            var text = new StringBuilder();
            foreach (var (instrument, series) in _found.Values)
            {
                if (instrument.Name == BatchSizes)
                    PrometheusText.AppendHistogram(
                        text, instrument, series, _found.GetValueOrDefault(QueuePackets).Series ?? []);
                else PrometheusText.AppendFamily(text, instrument, series);
            }
            return text.ToString();
        }
    }

    public void Dispose() => _listener.Dispose();

    // Called while Read waits, on its thread.
    private void Take(Instrument instrument, decimal value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_found.TryGetValue(instrument.Name, out var family)) _found[instrument.Name] = family = (instrument, []);
        family.Series.Add((value, tags.ToArray()));
    }
}
