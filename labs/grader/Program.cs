namespace Ixy.Labs.Grader;

/// <summary>
/// <c>./ixy grade</c>. Exit codes: 0 all points, 1 not all, 2 no verdict: the command line is invalid, or something
/// cannot be read or written.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        // Started by the parent process: runs the compiled file, and writes the verdict.
        if (arguments is ["judge", var folder]) return Child.Run(folder);
        if (arguments is ["skeletons", var labs]) return WriteSkeletons(labs);
        var command = GradeCommand.Create();
        // The file would take it.
        string? unknown = arguments.FirstOrDefault(argument => argument.StartsWith('-')
            && !command.Options.Any(known => known.Name == argument.Split('=')[0]
                || known.Aliases.Contains(argument.Split('=')[0])));
        if (unknown is not null) return Fail($"unknown: '{unknown}' (see ./ixy grade --help)");
        var parsed = command.Parse(arguments, new() { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            return Fail(parsed.CommandResult.Tokens.Count == 0
                ? $"which exercise? 1 to {Exercise.All.Count} (see ./ixy grade --help)"
                : $"{parsed.Errors[0].Message.TrimEnd('.')} (see ./ixy grade --help)");
        }
        try
        {
            using var output = new StringWriter();
            int exitCode = parsed.Invoke(new() { EnableDefaultExceptionHandler = false, Output = output });
            return TryWrite(Console.Out, $"{output}") is { } why ? Fail($"standard output cannot be written: {why}")
                : exitCode;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // For example, of the folder for temporary files.
            return Fail(error.Message.ReplaceLineEndings(" "));
        }
    }

    internal static int Fail(string message)
    {
        Say($"ixy grade: {message}\n");
        return 2;
    }

    /// <summary>Writes to standard error. If that fails, only the exit code is left.</summary>
    internal static void Say(string text) => _ = TryWrite(Console.Error, text);

    // Why it could not be written; null if it was.
    private static string? TryWrite(TextWriter writer, string text)
    {
        try
        {
            writer.Write(text);
            writer.Flush();
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return error.Message;
        }
    }

    private static int WriteSkeletons(string labs)
    {
        foreach (string solution in Directory.GetFiles(Path.Combine(labs, "solutions"), "*.cs"))
        {
            string skeleton = Skeletons.Make(File.ReadAllText(solution));
            File.WriteAllText(Path.Combine(labs, Path.GetFileName(solution)), skeleton);
        }
        return 0;
    }
}
