namespace Ixy.Labs.Tests;

/// <summary>What the grader inserts into a file changes neither its meaning nor its line numbers.</summary>
public sealed class ProbeTests
{
    [Fact]
    public void DirectivesMayStandAnywhere()
    {
        const string Text = """
            using Ixy.Labs;
            using Ixy.Vfio;
            public class Mine : ICardFinder
            {
                public PciDevice? Find(IReadOnlyList<PciDevice> functions) // here
                { // there
            #region one
                    Nothing();
            #endregion
            #if true
                    if (functions.Count < 0)
            #pragma warning disable CS0168
                        Lab.Print("less");
            #else
                    if
            #endif
                    else
            #region two
                        Lab.Print($"{One}");
            #endregion
                    while (Two)
            #if true
                    {
            #endif
                        { }
                    }
                    switch (One)
                    {
            #region three
                        case 1:
            #pragma warning restore CS0168
                            break;
            #endregion
                    }
                    again:
            #region four
                    if (Two) goto again;
            #endregion
                    Action act = () =>
                    {
            #if true
                        throw new Exception("stop");
            #endif
                    };
                    act();
                    return null;
                }
                private static void Nothing()
                {
            #region five
            #endregion
                }
                private static int One =>
            #if true
                    1
            #endif
                    ;
                private static bool Two => false;
                public byte[] ReadMacAddress(PciDevice card) => [];
            }
            """;
        var verdict = Grading.Grade(1, Text, seeds: 1);
        Assert.Equal("1", verdict.Printed[0]);
        Assert.Equal("Find threw Exception: stop.", verdict.Findings[0].Message);
        Assert.Equal(Grading.LineOf(Text, "throw new"), verdict.Findings[0].Line);
    }

    [SkippableTheory]
    [InlineData("#region Reset")]
    [InlineData("#pragma warning disable CS0168")]
    [InlineData("#if true\n#endif")]
    public void ASolutionWithDirectivesHasAllPoints(string directives)
    {
        const string First = "        registers.Write32(CTRL";
        string text = Grading.Solution(2);
        Assert.Contains(First, text);
        text = text.Replace(First, $"{directives}\n{First}", StringComparison.Ordinal);
        if (directives.StartsWith("#region", StringComparison.Ordinal))
            text = text.Replace("        registers.Read32(STATUS);", "#endregion\n        registers.Read32(STATUS);");
        Assert.Equal(10, Grading.Grade(2, text, seeds: 2).Points);
    }
}
