using System.Text.RegularExpressions;

namespace Ixy.Cli.Tests.Output;

/// <summary>Colours and live tables are for terminals, and for those who ask for them (https://no-color.org).</summary>
public sealed partial class TerminalOutputTests
{
    private const string Forward = "fwd sim:ixgbe,wire=generator,rate=1kpps sim:ixgbe,wire=generator,rate=1kpps "
        + "--duration 3s";

    [SkippableFact]
    public void ATerminalGetsColours() => Assert.Matches(Colour(), Run("doctor"));

    [SkippableTheory]
    [InlineData("NO_COLOR", "1")]
    [InlineData("TERM", "dumb")]
    public void WhoWantsNoneGetsNone(string variable, string value)
    {
        string output = Run("doctor", (variable, value));
        Assert.Contains("cores", output);
        Assert.DoesNotMatch(Colour(), output);
    }

    [SkippableFact]
    public void ATableThatMovesIsForTerminals()
    {
        // The cursor moves up to overwrite the table.
        Assert.Matches(@"\x1b\[\d*A", Run(Forward));
        Assert.DoesNotContain('\x1b', Run(Forward, ("TERM", "dumb")));
        var (exitCode, output, error) = IxyProcess.Run(Forward.Split(' '));
        Assert.True(exitCode == 0, error);
        Assert.Contains("second  ", output);
        Assert.DoesNotContain('\x1b', output + error);
        Assert.DoesNotContain('\r', output + error);
    }

    private static string Run(string command, params (string Name, string Value)[] environment)
    {
        using var terminal = new Terminal($"dotnet exec {IxyProcess.Program} {command}", environment);
        terminal.WaitForExit();
        return terminal.WaitForEnd();
    }

    // Foreground colours (ECMA-48, 8.3.117).
    [GeneratedRegex(@"\x1b\[(\d+;)*(3[0-8]|9[0-7])[;m]")]
    private static partial Regex Colour();
}
