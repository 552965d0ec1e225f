using Ixy.Labs.Grader;

namespace Ixy.Labs.Tests;

/// <summary>Solutions have all points, what students start with has none.</summary>
public sealed class SolutionTests
{
    public static TheoryData<int> Numbers => [.. Exercise.All.Select(exercise => exercise.Number)];

    [SkippableTheory]
    [MemberData(nameof(Numbers))]
    public void ASolutionHasAllPoints(int number)
    {
        var verdict = Grading.Grade(number, Grading.Solution(number));
        Assert.True(verdict.Findings.Count == 0, string.Join("\n", verdict.Findings));
        Assert.Equal((10, 10), (verdict.Points, verdict.Of));
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void ASkeletonHasNoneAndSaysWhichHoleIsEmpty(int number)
    {
        string text = File.ReadAllText(Path.Combine(Grading.Root, "labs", Grading.Find(number).File));
        // Students work in this file.
        if (!text.Contains("throw new NotDoneException(1);", StringComparison.Ordinal)) return;
        var verdict = Grading.Grade(number, text);
        Assert.Equal(0, verdict.Points);
        Assert.Contains(verdict.Findings, finding => finding.Message == "Hole 1 is still empty."
            && finding.Line == Grading.LineOf(text, "throw new NotDoneException(1);"));
    }

    [SkippableTheory]
    [MemberData(nameof(Numbers))]
    public void SkeletonsAreMadeFromSolutions(int number)
    {
        string skeleton = Path.Combine(Grading.Root, "labs", Grading.Find(number).File);
        Assert.True(Skeletons.Make(Grading.Solution(number)) == File.ReadAllText(skeleton),
            $"{skeleton} is not made from its solution: run eng/lab-skeletons");
    }

    [SkippableTheory]
    [MemberData(nameof(Numbers))]
    public void LinesHaveAtMost120Columns(int number) =>
        Assert.DoesNotContain(Grading.Solution(number).Split('\n'), line => line.Length > 120);

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(3)]
    public void TheSameFileHasTheSameVerdictEachTime(int number)
    {
        string text = Grading.Solution(number).Replace("* _next", "* (_next % 7)", StringComparison.Ordinal);
        string first = Report.Json(Grading.Grade(number, text));
        for (int i = 0; i < 5; i++)
            Assert.Equal(first, Report.Json(Grading.Grade(number, text)));
    }
}
