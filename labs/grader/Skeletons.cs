using System.Text;

namespace Ixy.Labs.Grader;

/// <summary>
/// Makes the students' file from a solution: everything between <c>//# hole N</c> and <c>//# end</c> is omitted.
/// </summary>
internal static class Skeletons
{
    private const string Hole = "//# hole ", End = "//# end";

    /// <summary>The skeleton of a solution.</summary>
    /// <exception cref="FormatException">Its marks do not match.</exception>
    internal static string Make(string solution)
    {
        var text = new StringBuilder();
        bool isHole = false;
        foreach (string line in solution.TrimEnd('\n').Split('\n'))
        {
            string mark = line.Trim(), indent = line[..(line.Length - line.TrimStart().Length)];
            if (mark.StartsWith(Hole, StringComparison.Ordinal) && !isHole)
            {
                string number = mark[Hole.Length..];
                text.Append($"{indent}// Hole {number}: your code, in place of the next line.\n");
                text.Append($"{indent}throw new NotDoneException({number});\n");
                isHole = true;
            }
            else if (mark == End && isHole)
            {
                isHole = false;
            }
            else if (mark.StartsWith("//#", StringComparison.Ordinal))
            {
                throw new FormatException($"'{mark}' is not expected here");
            }
            else if (!isHole)
            {
                text.Append($"{line}\n");
            }
        }
        return isHole ? throw new FormatException($"a hole has no '{End}'") : text.ToString();
    }
}
