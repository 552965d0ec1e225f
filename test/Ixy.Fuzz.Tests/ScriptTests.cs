namespace Ixy.Fuzz.Tests;

/// <summary>The arguments of <c>eng/fuzz</c>; the fuzzer itself does not run.</summary>
public sealed class ScriptTests
{
    [Theory]
    [InlineData("'10' is not a time", "capture", "10")]
    [InlineData("'0s' is not a time", "capture", "0s")]
    [InlineData("unknown: '--kep'", "capture", "1m", "--kep")]
    [InlineData("too many arguments", "capture", "1m", "1m")]
    public void ItIsNotRunWithArgumentsThatMakeNoSense(string contains, params string[] arguments)
    {
        var (exitCode, _, error) = Run(arguments);
        Assert.Equal(2, exitCode);
        Assert.Contains($"eng/fuzz: {contains}\n", error);
        Assert.Contains("usage: eng/fuzz [TARGET [TIME]]", error);
    }

    [Fact]
    public void ItSaysHowItIsRun()
    {
        var (exitCode, output, _) = Run("--help");
        Assert.Equal(0, exitCode);
        Assert.StartsWith("usage: eng/fuzz [TARGET [TIME]]", output);
    }

    private static (int ExitCode, string Output, string Error) Run(params string[] arguments) =>
        Tool.TryRun(Path.Combine(Checkout.Root, "eng/fuzz"), arguments);
}
