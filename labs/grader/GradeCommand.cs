using System.CommandLine;
using System.Globalization;

namespace Ixy.Labs.Grader;

/// <summary>The command line of <c>./ixy grade</c>.</summary>
internal static class GradeCommand
{
    private const int MostSeeds = 10_000, HighestFirstSeed = 1_000_000;

    internal static Command Create()
    {
        var number = new Argument<int>("EXERCISE") { Description = $"1 to {Exercise.All.Count}; labs/README.md tells of them" };
        number.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && Find(text) is null)
                result.AddError($"there is no exercise '{text}': expected 1 to {Exercise.All.Count}");
        });
        var file = new Argument<string?>("FILE")
        {
            Description = "Your file; by default the one in labs/",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var json = new Option<bool>("--json") { Description = "Print the verdict as one JSON object, on the last line" };
        var junit = new Option<string?>("--junit") { Description = "Also write it as JUnit XML", HelpName = "file" };
        var film = new Option<string?>("--film")
        {
            Description = "Where the run that failed is shown; by default labs/films/EXERCISE.html",
            HelpName = "file",
        };
        var seeds = Number("--seeds", $"So many runs of each task, 1 to {MostSeeds}; {Judge.UsualSeeds} by default",
            Judge.UsualSeeds, 1, MostSeeds);
        var firstSeed = Number("--first-seed", $"The seed of the first run, 0 to {HighestFirstSeed}; 0 by default. Others are "
            + "other frames and cards", 0, 0, HighestFirstSeed);
        var command = new Command("grade", "Grade an exercise of labs/.") {
            number, file, json, junit, film, seeds, firstSeed,
        };
        command.Options.Add(new System.CommandLine.Help.HelpOption());
        command.SetAction(parsed => Grade(
            Find($"{parsed.GetValue(number)}")!, parsed.GetValue(file), parsed.GetValue(json), parsed.GetValue(junit),
            parsed.GetValue(film), parsed.GetValue(seeds), parsed.GetValue(firstSeed),
            parsed.InvocationConfiguration.Output));
        return command;
    }

    private static Option<int> Number(string name, string description, int usual, int least, int most)
    {
        var option = new Option<int>(name)
        {
            Description = description,
            HelpName = "number",
            DefaultValueFactory = _ => usual,
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && !(int.TryParse(text, NumberStyles.None,
                CultureInfo.InvariantCulture, out int value) && value >= least && value <= most))
                result.AddError($"{name}: '{text}' is out of range: expected {least} to {most}");
        });
        return option;
    }

    private static Exercise? Find(string text) =>
        Exercise.All.FirstOrDefault(exercise => $"{exercise.Number}" == text);

    private static int Grade(
        Exercise exercise, string? file, bool isJson, string? junit, string? film, int seeds, int firstSeed,
        TextWriter output)
    {
        string labs = Path.Combine(FindRoot(), "labs");
        string path = Path.GetFullPath(file ?? Path.Combine(labs, exercise.File));
        if (Directory.Exists(path)) return Program.Fail($"{Shorten(path)} is a directory: expected a C# file");
        if (Directory.Exists(junit)) return Program.Fail($"--junit: {junit} is a directory: expected a file");
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Program.Fail(error.Message);
        }
        film = Path.GetFullPath(film ?? Path.Combine(labs, "films", $"{exercise.Number}.html"));
        var verdict = Parent.Grade(exercise, path, text, seeds, film, says: Program.Say, firstSeed: firstSeed);
        try
        {
            if (junit is not null) File.WriteAllText(junit, Report.JUnit(exercise, verdict));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Program.Fail(error.Message);
        }
        using var words = new StringWriter();
        Report.Print(exercise, Shorten(path), verdict, words, Shorten);
        if (isJson)
        {
            Program.Say($"{words}");
            output.WriteLine(Report.Json(verdict));
        }
        else
        {
            output.Write(words);
        }
        return verdict.Points == verdict.Of ? 0 : 1;
    }

    // Relative to the user's current directory.
    private static string Shorten(string path)
    {
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        return relative.StartsWith("../..", StringComparison.Ordinal) ? path : relative;
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Ixy.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? Environment.CurrentDirectory;
    }
}
