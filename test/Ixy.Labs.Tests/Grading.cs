using System.Diagnostics;
using Ixy.Labs.Grader;

namespace Ixy.Labs.Tests;

/// <summary>Grades solutions, unchanged and with planted mistakes.</summary>
internal static class Grading
{
    internal static string Root { get; } = FindRoot();

    internal static Exercise Find(int number) => Exercise.All.Single(exercise => exercise.Number == number);

    internal static string SolutionPath(int number) => Path.Combine(Root, "labs/solutions", Find(number).File);

    /// <summary>The solution; skips the test if a teacher has removed it.</summary>
    internal static string Solution(int number)
    {
        Skip.IfNot(File.Exists(SolutionPath(number)), "the solutions have been taken out");
        return File.ReadAllText(SolutionPath(number));
    }

    internal static Verdict Grade(int number, string text, int seeds = Judge.UsualSeeds) =>
        Judge.Grade(Find(number), Find(number).File, text, seeds);

    internal static Verdict GradeMistake(int number, string mistake, int seeds = 4) =>
        Grade(number, Plant(number, mistake), seeds);

    /// <summary>
    /// A solution with a mistake: <c>old text ==> new text</c>, one replacement per line. Every old text has to exist.
    /// </summary>
    internal static string Plant(int number, string mistake)
    {
        string text = Solution(number);
        foreach (string change in mistake.Split('\n'))
        {
            string[] parts = change.Split(" ==> ");
            Assert.Equal(2, parts.Length);
            Assert.Contains(parts[0], text);
            text = text.Replace(parts[0], parts[1], StringComparison.Ordinal);
        }
        return text;
    }

    /// <summary>The number of the line, from 1, that contains a text that occurs once.</summary>
    internal static int LineOf(string text, string part) =>
        text.Split('\n').Index().Single(line => line.Item.Contains(part, StringComparison.Ordinal)).Index + 1;

    /// <summary>Runs <c>ixy grade</c> as a process.</summary>
    internal static (int ExitCode, string Output, string Error) RunCommand(params string[] arguments) =>
        Start("dotnet", ["exec", typeof(Exercise).Assembly.Location, .. arguments]);

    /// <summary>Runs a program to completion.</summary>
    internal static (int ExitCode, string Output, string Error) Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Ixy.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException($"no Ixy.slnx above {AppContext.BaseDirectory}");
    }
}
