using Ixy.Labs.Grader;

namespace Ixy.Labs.Tests;

/// <summary>Solutions get all points; what students start with gets none.</summary>
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

    [SkippableTheory]
    [MemberData(nameof(Numbers))]
    public void ASkeletonHasNoneAndSaysWhichHoleIsEmpty(int number)
    {
        string text = File.ReadAllText(Path.Combine(Grading.Root, "labs", Grading.Find(number).File));
        Skip.IfNot(
            text.Contains("throw new NotDoneException(1);", StringComparison.Ordinal), "a student has filled the hole");
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
    [InlineData(1, "function.VendorId == 0x8086 && function.DeviceId == 0x10FB ==> function.DeviceId == 0x10FB")]
    [InlineData(3, "* _next ==> * (_next % 7)")]
    public void TheSameFileHasTheSameVerdictEachTime(int number, string mistake)
    {
        string text = Grading.Plant(number, mistake);
        var verdict = Grading.Grade(number, text);
        Assert.NotEmpty(verdict.Findings);
        string first = Report.Json(verdict);
        for (int i = 0; i < 5; i++)
            Assert.Equal(first, Report.Json(Grading.Grade(number, text)));
    }
}
