namespace Ixy.Labs.Tests;

/// <summary>A correct driver of exercise 7 gets all points, however long it takes between steps.</summary>
public sealed class WakeUpTests
{
    private const string Arm = "_registers.Write32(EIMS, 1);", Member = "    private int _next;";

    // A few more statements each time, so that the interrupt comes at every nanosecond before the wait.
    [SkippableTheory]
    [InlineData("")]
    [InlineData("_registers.Read32(EIMS);")]
    [InlineData("_registers.Read32(EIMS); _registers.Read32(EIMS);")]
    [InlineData("_registers.Write32(EIAC, 1);")]
    public void AnInterruptRightBeforeTheWaitEndsIt(string access)
    {
        string text = Grading.Solution(7);
        Assert.Contains(Arm, text);
        Assert.Contains(Member, text);
        text = text.Replace(Member, $"{Member}\n    private int _more;", StringComparison.Ordinal).Replace(
            Arm, $"{Arm} {access} for (int i = 0; i < _more; i++) {{ ; }} _more = (_more + 7) % 301;",
            StringComparison.Ordinal);
        var verdict = Grading.Grade(7, text, seeds: 24);
        Assert.True(verdict.Findings.Count == 0, string.Join("\n", verdict.Findings));
    }

    // Such a driver takes longer, and the card delays what follows by as much.
    [SkippableTheory]
    [InlineData("_registers.Write32(EIMC, 1); _registers.Write32(EIMS, 1);")]
    [InlineData("_registers.Write32(EIAC, 1); _registers.Write32(EIMS, 1);")]
    public void OneMoreWriteIsNoMistake(string arm)
    {
        string text = Grading.Solution(7);
        Assert.Contains(Arm, text);
        var verdict = Grading.Grade(7, text.Replace(Arm, arm, StringComparison.Ordinal));
        Assert.True(verdict.Findings.Count == 0, string.Join("\n", verdict.Findings));
    }

    // A perverse card that holds a frame for 590 µs before it is in the ring.
    [SkippableFact]
    public void ACardThatIsLateIsNotTheDriversFault()
    {
        var verdict = Grading.Grade(7, Grading.Solution(7), seeds: 100);
        Assert.True(verdict.Findings.Count == 0, string.Join("\n", verdict.Findings));
    }
}
