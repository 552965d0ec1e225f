using System.Diagnostics.Metrics;

namespace Ixy.Tests.Metrics;

/// <summary>
/// Listens to the meter and keeps one reading: each series as name, device and the other tags in order.
/// </summary>
internal sealed class Listener : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, long> _series = [];

    internal Listener()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == IxyMetrics.MeterName) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var others = tags.ToArray().Where(tag => tag.Key != "device").Select(tag => $"{tag.Key}={tag.Value}")
                .Order();
            string device = $"{tags.ToArray().Single(tag => tag.Key == "device").Value}";
            // Throws if a series appears twice.
            _series.Add($"{instrument.Name} device={device} {string.Join(',', others)}", value);
        });
        IxyMetrics.Register();
        _listener.Start();
    }

    internal IReadOnlyDictionary<string, long> ReadAll()
    {
        _series.Clear();
        _listener.RecordObservableInstruments();
        return _series;
    }

    internal long Read(string instrument, string device, string tags) =>
        ReadAll()[$"{instrument} device={device} {tags}"];

    public void Dispose() => _listener.Dispose();
}
