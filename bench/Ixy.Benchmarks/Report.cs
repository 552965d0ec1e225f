using System.Text.Json;
using Ixy.Vfio;

namespace Ixy.Benchmarks;

/// <summary>Rows of a benchmark, as a table or as one JSON object.</summary>
internal abstract class Report
{
    internal static Report To(TextWriter output, bool json) => json ? new JsonReport(output) : new TextReport(output);

    /// <summary>What is measured, and on what.</summary>
    internal abstract void Begin(IReadOnlyDictionary<string, object> settings);

    internal abstract void Add(params ReadOnlySpan<(string Name, double Value)> figures);

    internal abstract void End();

    private sealed class TextReport(TextWriter output) : Report
    {
        private bool _hasHead;

        internal override void Begin(IReadOnlyDictionary<string, object> settings)
        {
            output.WriteLine(string.Join(", ", settings.Select(setting => $"{setting.Key} {setting.Value}")));
            if (DmaArena.Note is { } note) output.WriteLine($"note: {note}");
        }

        internal override void Add(params ReadOnlySpan<(string Name, double Value)> figures)
        {
            if (!_hasHead)
            {
                foreach (var (name, _) in figures) output.Write($"{name,16}");
                output.WriteLine();
            }
            _hasHead = true;
            foreach (var (_, value) in figures) output.Write(value == (int)value ? $"{value,16:F0}" : $"{value,16:F2}");
            output.WriteLine();
        }

        internal override void End()
        {
            // The rows have already been printed.
        }
    }

    private sealed class JsonReport(TextWriter output) : Report
    {
        private readonly List<Dictionary<string, double>> _rows = [];
        private IReadOnlyDictionary<string, object> _settings = new Dictionary<string, object>();

        internal override void Begin(IReadOnlyDictionary<string, object> settings) => _settings = settings;

        internal override void Add(params ReadOnlySpan<(string Name, double Value)> figures)
        {
            var row = new Dictionary<string, double>();
            foreach (var (name, value) in figures) row[name] = Math.Round(value, 3);
            _rows.Add(row);
        }

        internal override void End() =>
            output.WriteLine(JsonSerializer.Serialize(new { settings = _settings, rows = _rows }));
    }
}
