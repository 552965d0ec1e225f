using System.CommandLine;

namespace Ixy.Labs.Grader;

/// <summary>
/// <c>./ixy grade</c>. Exit codes: 0 all points, 1 not all, 2 the command line makes no sense.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        // What the parent process starts: it runs the compiled file, and writes the verdict.
        if (arguments is ["judge", var folder]) return Child.Run(folder);
        if (arguments is ["skeletons", var labs]) return WriteSkeletons(labs);
        var command = GradeCommand.Create();
        // The file would take it.
        string? unknown = arguments.FirstOrDefault(argument => argument.StartsWith('-')
            && !command.Options.Any(known => known.Name == argument.Split('=')[0]
                || known.Aliases.Contains(argument.Split('=')[0])));
        if (unknown is not null) return Fail($"unknown: '{unknown}' (see ./ixy grade --help)");
        var parsed = command.Parse(arguments, new() { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0) return Fail($"{parsed.Errors[0].Message.TrimEnd('.')} (see ./ixy grade --help)");
        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    internal static int Fail(string message)
    {
        Console.Error.WriteLine($"ixy grade: {message}");
        return 2;
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
