using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Ixy.Simulation.Recording;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary><c>ixy film -- COMMAND</c> and <c>ixy trace -- COMMAND</c>: a command, and what its cards saw.</summary>
internal static class FilmCommand
{
    /// <summary>The argument that is a command line.</summary>
    internal const string InnerName = "COMMAND";

    private const string StandardFile = "film.html";
    private const int MostEvents = 1_000_000;

    /// <summary>Those that have simulated cards to look at.</summary>
    internal static readonly string[] Inner = ["fwd", "pktgen", "pcap", "replay"];

    internal static Command Create()
    {
        var output = new Option<string>("--output")
        {
            Description = FilmTexts.Output,
            HelpName = "file",
            DefaultValueFactory = _ => StandardFile,
        };
        var limit = CommonOptions.Parsed("--limit", "events", FilmTexts.Limit, Recorder.DefaultLimit, ParseLimit);
        var words = CommandWords();
        var command = new Command("film", FilmTexts.Film) { output, limit, words };
        command.SetAction(parsed =>
        {
            string[] run = parsed.GetRequiredValue(words);
            return Record(
                parsed.GetRequiredValue(output), $"ixy {string.Join(' ', run)}", parsed.GetValue(limit),
                () => Program.Run(run));
        });
        return command;
    }

    internal static Command CreateTrace()
    {
        var words = CommandWords();
        var command = new Command("trace", FilmTexts.Trace) { words };
        command.SetAction(parsed =>
        {
            string[] run = parsed.GetRequiredValue(words);
            return Filming.Run(Recorder.PassingOn(Print), () => Program.Run(run));
        });
        return command;
    }

    /// <summary>Runs something and writes a film of it.</summary>
    internal static int Record(string path, string title, int limit, Func<int> run)
    {
        var recorder = new Recorder(limit);
        int result = RunInto(path, file =>
        {
            int code = Filming.Run(recorder, run);
            if (recorder.Events.Count > 0) Film.Write(recorder, title, file());
            return code;
        });
        if (recorder.Events.Count == 0)
        {
            if (result == 0) Console.Error.WriteLine("ixy: no film: the command used no simulated card");
            return result;
        }
        string left = recorder.LeftOut > 0 ? $"; {recorder.LeftOut} more are not in it" : "";
        Console.Error.WriteLine($"ixy: {path}: {recorder.Events.Count} events{left}");
        return result;
    }

    // A file that cannot be written is reported before the run, not after. An existing file stays until there is
    // something to replace it; a file created here but not filled is removed.
    internal static int RunInto(string path, Func<Func<TextWriter>, int> run)
    {
        bool isNew = !File.Exists(path), isFilled = false;
        try
        {
            using var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write);
            using var writer = new StreamWriter(stream);
            return run(() =>
            {
                isFilled = true;
                if (stream.CanSeek && stream.Length > 0) stream.SetLength(0);
                return writer;
            });
        }
        finally
        {
            if (isNew && !isFilled) File.Delete(path);
        }
    }

    // It may happen on any thread, including a card's own, where nothing would catch an exception.
    private static void Print(RecordedEvent happened)
    {
        try
        {
            Console.Out.WriteLine(TraceLine.Of(happened));
        }
        catch (IOException)
        {
            // Nobody is reading: the run ends, and its report finds out why.
            if (Filming.Recorder is not { } recorder) return;
            recorder.Added = null;
            recorder.Filled?.Invoke();
        }
    }

    private static Argument<string[]> CommandWords()
    {
        var words = new Argument<string[]>(InnerName)
        {
            Description = FilmTexts.Command,
            Arity = ArgumentArity.OneOrMore,
        };
        words.Validators.Add(Check);
        return words;
    }

    private static void Check(ArgumentResult result)
    {
        if (result.Tokens is not [{ Value: var name }, ..] || Inner.Contains(name)) return;
        result.AddError(name.StartsWith('-')
            ? $"unknown: '{name}'; a command and its options stand behind --, as in "
                + $"'{IxyCommand.Name} film -- fwd sim:ixgbe,…'"
            : $"'{name}' has no simulated cards to record: expected {string.Join(", ", Inner)}");
    }

    private static int ParseLimit(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit)
            && limit is > 0 and <= MostEvents ? limit
            : throw new ArgumentException($"'{text}' is out of range: expected 1 to {MostEvents} events");
}
