using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Ixy.Cli.Metrics;

/// <summary>The text format of Prometheus, version 0.0.4, with names as OpenTelemetry translates them.</summary>
internal static class PrometheusText
{
    internal const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Dots become underscores, the unit and <c>_total</c> are appended: <c>ixy.device.io</c> in By is <c>ixy_device_io_bytes_total</c>.</summary>
    internal static string NameOf(Instrument instrument)
    {
        string name = instrument.Name.Replace('.', '_');
        // Units in braces only say what is counted.
        if (instrument.Unit == "By") name += "_bytes";
        return IsCounter(instrument) ? name + "_total" : name;
    }

    internal static void AppendFamily(StringBuilder text, Instrument instrument, IReadOnlyList<(long Value, KeyValuePair<string, object?>[] Tags)> series)
    {
        string name = NameOf(instrument);
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {Escape(instrument.Description ?? "", quote: false)}\n");
        text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} {(IsCounter(instrument) ? "counter" : "gauge")}\n");
        foreach (var (value, tags) in series)
        {
            string labels = string.Join(',', tags.Select(tag => $"{tag.Key.Replace('.', '_')}=\"{Escape($"{tag.Value}", quote: true)}\""));
            text.Append(CultureInfo.InvariantCulture, $"{name}{(labels.Length > 0 ? $"{{{labels}}}" : "")} {value}\n");
        }
    }

    private static bool IsCounter(Instrument instrument) => instrument is ObservableCounter<long>;

    private static string Escape(string text, bool quote)
    {
        text = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return quote ? text.Replace("\"", "\\\"", StringComparison.Ordinal) : text;
    }
}
