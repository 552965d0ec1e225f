using Spectre.Console;

namespace Ixy.Cli.Output;

/// <summary>The meaning of a word: on a terminal, green, yellow or red.</summary>
internal enum Mark
{
    Good,
    Notable,
    Bad,
}

/// <summary>
/// Output for people. On a terminal the rates are one table that is updated every second; in a file, aligned lines
/// without control characters.
/// </summary>
internal sealed class Screen
{
    // Widths of a list's cells: up to this they stay on one line; longer ones get at least that much.
    private const int LongestUnbroken = 22, ShortestBroken = 16;

    private readonly TextWriter _writer;
    private readonly IAnsiConsole? _terminal;

    private Screen(bool asTerminal)
    {
        _writer = TextWriter.Null;
        var settings =
            new AnsiConsoleSettings
            {
                Ansi = AnsiSupport.Yes,
                Interactive = InteractionSupport.Yes,
                Out = new AnsiConsoleOutput(_writer)
            };
        if (asTerminal) _terminal = AnsiConsole.Create(settings);
    }

    internal Screen(TextWriter writer, bool isRedirected)
    {
        _writer = writer;
        if (isRedirected) return;
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        // A terminal without control sequences (TERM=dumb) is treated like a file.
        if (console.Profile.Capabilities.Ansi) _terminal = console;
    }

    /// <summary>A screen of the same kind that nobody sees.</summary>
    internal Screen Invisible() => new(_terminal is not null);

    internal void WriteLine(string line = "") => _writer.WriteLine(line);

    /// <summary>A line that must not be overlooked: red on a terminal.</summary>
    internal void Alert(string line)
    {
        if (_terminal is null) WriteLine(line);
        else _terminal.Write(new Text(line + Environment.NewLine, new Style(Color.Red)));
    }

    /// <summary>Width of the terminal in columns; null in a file.</summary>
    internal int? Width => _terminal?.Profile.Width;

    /// <summary>A line that begins with a coloured word on a terminal.</summary>
    internal void WriteMarked(string word, Mark mark, string rest)
    {
        if (_terminal is null) _writer.Write(word);
        else _terminal.Write(new Text(word, new Style(mark switch
        {
            Mark.Good => Color.Green,
            Mark.Notable => Color.Yellow,
            _ => Color.Red,
        })));
        WriteLine(rest);
    }

    /// <summary>Aligned columns: the first to the left, the others to the right.</summary>
    internal void WriteTable(string[] headers, IReadOnlyList<string[]> rows)
    {
        int[] widths = [
            .. headers.Select(
                (header, i) => rows.Max(row => row[i].Length) is var longest && longest > header.Length ? longest
                : header.Length)];
        WriteLine(Align(headers, widths));
        foreach (string[] row in rows) WriteLine(Align(row, widths));
    }

    /// <summary>Columns of text, all to the left: a table with lines if the terminal is wide enough.</summary>
    internal void WriteList(string[] headers, IReadOnlyList<string[]> rows)
    {
        string[][] lines = [headers, .. rows];
        int[] widths = [.. headers.Select((_, i) => lines.Max(line => line[i].Length))];
        if (_terminal?.Profile.Width >= widths.Sum(width => width > LongestUnbroken ? ShortestBroken : width) + 3
            * widths.Length + 1)
            _terminal.Write(ListTable(headers, rows, widths));
        else foreach (string[] line in lines)
            WriteLine(string.Join("  ", line.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd());
    }

    /// <summary>Runs <paramref name="body"/>, which shows rates now and then: (second, one line per device).</summary>
    internal void ShowRates(Action<Action<int, DeviceRates[]>> body)
    {
        if (_terminal is null) body(new RateLines(this).Show);
        else _terminal.Live(new Text("measuring …"))
            .Start(live => body((second, rates) => live.UpdateTarget(RateTable(second, rates))));
    }

    internal static string Align(string[] cells, int[] widths) =>
        string.Join("  ", cells.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i])))
        .TrimEnd();

    private static Table ListTable(string[] headers, IReadOnlyList<string[]> rows, int[] widths)
    {
        var table = new Table { Border = TableBorder.Rounded };
        for (int i = 0; i < headers.Length; i++)
        {
            int width = widths[i];
            table.AddColumn(headers[i], column => column.NoWrap = width <= LongestUnbroken);
        }
        foreach (string[] row in rows) table.AddRow([.. row.Select(cell => new Text(cell))]);
        return table;
    }

    private static Table RateTable(int second, DeviceRates[] rates)
    {
        var table = new Table { Border = TableBorder.Rounded, Caption = new TableTitle($"second {second}") };
        foreach (string header in DeviceRates.Headers) table.AddColumn(header, column => column.RightAligned());
        table.Columns[0].LeftAligned();
        foreach (var device in rates) table.AddRow([.. device.Cells().Select(cell => new Text(cell))]);
        return table;
    }

    private sealed class RateLines(Screen screen)
    {
        private const int NumberWidth = 9;
        private bool _hasHeader;

        internal void Show(int second, DeviceRates[] rates)
        {
            int[] widths = [
                rates.Max(row => row.Device.Length), .. DeviceRates.Headers.Skip(1).Select(_ => NumberWidth)];
            if (!_hasHeader) screen.WriteLine($"second  {Align(DeviceRates.Headers, widths)}");
            _hasHeader = true;
            foreach (var device in rates) screen.WriteLine($"{second,6}  {Align(device.Cells(), widths)}");
        }
    }
}
