using System.Text;

namespace Ixy.Simulation.Recording;

/// <summary>
/// Turns what a <see cref="Recorder"/> recorded into one HTML page, which needs no server and no network. It steps
/// forwards and backwards, and shows the rings, the buffers, the registers and the frames at each moment.
/// </summary>
public static class Film
{
    private const string Style = "/*STYLE*/", Script = "/*SCRIPT*/", Data = "/*DATA*/", Title = "<!--TITLE-->";

    /// <summary>Writes the page.</summary>
    /// <param name="recorder">The recording so far.</param>
    /// <param name="title">What was recorded: a command line, or a name.</param>
    /// <param name="output">The output; it stays open.</param>
    public static void Write(Recorder recorder, string title, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(recorder);
        ArgumentNullException.ThrowIfNull(title);
        ArgumentNullException.ThrowIfNull(output);
        string page = Resource("film.html");
        foreach (var (place, content) in ((string, Func<string>)[])[
            (Title, () => System.Net.WebUtility.HtmlEncode(title)), (Style, () => Resource("film.css")),
            (Data, () => FilmData.Of(recorder, title)), (Script, () => Resource("film.js"))])
        {
            int at = page.IndexOf(place, StringComparison.Ordinal);
            output.Write(page[..at]);
            output.Write(content());
            page = page[(at + place.Length)..];
        }
        output.Write(page);
    }

    /// <summary>Writes the page to a file.</summary>
    /// <param name="recorder">As above.</param>
    /// <param name="title">As above.</param>
    /// <param name="path">The file; an existing one is replaced.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write it.</exception>
    public static void Write(Recorder recorder, string title, string path)
    {
        using var file = new StreamWriter(path);
        Write(recorder, title, file);
    }

    private static string Resource(string name)
    {
        using var stream = typeof(Film).Assembly.GetManifestResourceStream($"Ixy.Simulation.Recording.Page.{name}")
            ?? throw new InvalidOperationException($"{name} is not in the assembly");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
