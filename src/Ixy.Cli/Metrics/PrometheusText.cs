using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Series = (decimal Value, System.Collections.Generic.KeyValuePair<string, object?>[] Tags);

namespace Ixy.Cli.Metrics;

/// <summary>The text format of Prometheus, version 0.0.4, with OpenTelemetry's translation of names.</summary>
internal static class PrometheusText
{
    internal const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private const string ClassTag = "size";

    /// <summary>A counter or a gauge.</summary>
    internal static void AppendFamily(StringBuilder text, Instrument instrument, IReadOnlyList<Series> series)
    {
        bool isCounter = instrument is ObservableCounter<long>;
        string name = NameOf(instrument) + (isCounter ? "_total" : "");
        AppendHead(text, name, instrument, isCounter ? "counter" : "gauge");
        foreach (var (value, tags) in series) AppendSample(text, name, Labels(tags), value);
    }

    /// <summary>A counter with classes in its tag <c>size</c> (1, 2-3 … 1024-), in order, as a histogram.</summary>
    /// <param name="text">The output.</param>
    /// <param name="instrument">The counter.</param>
    /// <param name="series">All its classes.</param>
    /// <param name="sums">The sums of the values in the classes; the other tags are the same.</param>
    internal static void AppendHistogram(
        StringBuilder text, Instrument instrument, IReadOnlyList<Series> series, IReadOnlyList<Series> sums)
    {
        string name = NameOf(instrument);
        AppendHead(text, name, instrument, "histogram");
        foreach (var histogram in series.GroupBy(found => Labels(found.Tags.Where(tag => tag.Key != ClassTag))))
        {
            // Buckets are cumulative.
            decimal count = 0;
            foreach (var (value, tags) in histogram)
                AppendSample(text, $"{name}_bucket", $"{histogram.Key},le=\"{UpperEnd(tags)}\"", count += value);
            // None, if the device has been closed meanwhile.
            foreach (var (value, tags) in sums)
                if (Labels(tags) == histogram.Key) AppendSample(text, $"{name}_sum", histogram.Key, value);
            AppendSample(text, $"{name}_count", histogram.Key, count);
        }
    }

    // Dots become underscores, and the unit is appended: ixy.device.io in By is ixy_device_io_bytes. Units in braces
    // only say what is counted; 1 is a ratio for gauges only.
    private static string NameOf(Instrument instrument) => instrument.Name.Replace('.', '_') + instrument.Unit switch
    {
        "By" => "_bytes",
        "By/s" => "_bytes_per_second",
        "1" when instrument is ObservableGauge<double> => "_ratio",
        _ => "",
    };

    private static string UpperEnd(KeyValuePair<string, object?>[] tags)
    {
        string range = $"{tags.Single(tag => tag.Key == ClassTag).Value}",
            end = range[(range.IndexOf('-', StringComparison.Ordinal) + 1)..];
        return end.Length > 0 ? end : "+Inf";
    }

    private static void AppendHead(StringBuilder text, string name, Instrument instrument, string type) =>
        text.Append(
            CultureInfo.InvariantCulture,
            $"# HELP {name} {Escape(instrument.Description ?? "", quote: false)}\n# TYPE {name} {type}\n");

    private static void AppendSample(StringBuilder text, string name, string labels, decimal value) =>
        text.Append(CultureInfo.InvariantCulture, $"{name}{(labels.Length > 0 ? $"{{{labels}}}" : "")} {value}\n");

    private static string Labels(IEnumerable<KeyValuePair<string, object?>> tags) =>
        string.Join(',', tags.Select(tag => $"{tag.Key.Replace('.', '_')}=\"{Escape($"{tag.Value}", quote: true)}\""));

    private static string Escape(string text, bool quote)
    {
        text = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return quote ? text.Replace("\"", "\\\"", StringComparison.Ordinal) : text;
    }
}
