namespace Ixy.Tests.Cli;

/// <summary>What can be said about the command line before any device is opened.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData]
    [InlineData("--help")]
    [InlineData("-h")]
    public void WithoutArgumentsThereIsHelpWithExamples(params string[] arguments)
    {
        var (exitCode, output, error) = IxyProcess.Run(arguments);
        Assert.Equal(0, exitCode);
        Assert.Equal("", error);
        Assert.Contains("ixy [command]", output);
        Assert.Contains("fwd", output);
        Assert.Contains("pktgen", output);
        Assert.Contains("ixy fwd sim:ixgbe,wire=generator sim:ixgbe,wire=generator --duration 10s", output);
    }

    [Theory]
    [InlineData("fwd", "--batch", "--duration", "--touch", "--queues", "--symmetric-rss", "--ring-size", "--json", "--checked")]
    [InlineData("pktgen", "--size", "--rate", "--duration", "--count", "--batch", "--ring-size", "--json")]
    public void HelpOfACommandNamesItsOptionsAndTheUnitOfRates(string command, params string[] options)
    {
        var (exitCode, output, _) = IxyProcess.Run(command, "--help");
        Assert.Equal(0, exitCode);
        Assert.Contains($"ixy {command} <A>", output);
        Assert.All(options, option => Assert.Contains(option, output));
        Assert.Contains("4 of CRC, and 20 of", output);
    }

    [Theory]
    [InlineData("pcap", "A [B …] FILE", "[default: 4096]", "--count", "--duration", "--snaplen", "--no-promiscuous", "--json", "tshark -r -")]
    [InlineData("replay", "<FILE> <A>", "--speed", "--loop", "--max-gap", "--pad", "--max-frame-size", "--json", "2x")]
    public void HelpOfTheCaptureCommandsNamesTheirOptions(string command, params string[] texts)
    {
        var (exitCode, output, _) = IxyProcess.Run(command, "--help");
        Assert.Equal(0, exitCode);
        Assert.All(texts, text => Assert.Contains(text, output));
    }

    [Fact]
    public void TheVersionIsANumber()
    {
        var (exitCode, output, _) = IxyProcess.Run("--version");
        Assert.Equal(0, exitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+\n$", output);
    }

    [Theory]
    [InlineData("'froward'", "froward")]
    [InlineData("'--bogus'", "--bogus")]
    [InlineData("'--bogus'", "fwd", "a", "b", "--bogus")]
    [InlineData("'--bogus'", "fwd", "--bogus", "b")]
    [InlineData("'c'", "fwd", "a", "b", "c")]
    [InlineData("'fwd'", "fwd", "a")]
    [InlineData("--batch: '0'", "fwd", "a", "b", "--batch", "0")]
    [InlineData("--batch: 'x'", "fwd", "a", "b", "--batch", "x")]
    [InlineData("--batch", "fwd", "a", "b", "--batch")]
    [InlineData("power of two from 64 to 4096", "fwd", "a", "b", "--ring-size", "100")]
    [InlineData("power of two from 64 to 4096", "fwd", "a", "b", "--ring-size", "8192")]
    [InlineData("--ring-size: 'many'", "pktgen", "a", "--ring-size", "many")]
    [InlineData("--duration: '5x'", "fwd", "a", "b", "--duration", "5x")]
    [InlineData("--duration: '0s'", "fwd", "a", "b", "--duration", "0s")]
    [InlineData("--duration: 'soon'", "pktgen", "a", "--duration", "soon")]
    [InlineData("--rate: '3'", "pktgen", "a", "--rate", "3")]
    [InlineData("--rate: '10X'", "pktgen", "a", "--rate", "10X")]
    [InlineData("--size: '59'", "pktgen", "a", "--size", "59")]
    [InlineData("--size: '15869'", "pktgen", "a", "--size", "15869")]
    [InlineData("a card and a file are expected, and there is only 'a'", "pcap", "a")]
    [InlineData("'pcap'", "pcap")]
    [InlineData("'--bogus'", "pcap", "a", "b", "--bogus")]
    [InlineData("--snaplen: '0'", "pcap", "a", "b", "--snaplen", "0")]
    [InlineData("--count: '-1'", "pcap", "a", "b", "--count", "-1")]
    [InlineData("--json and the capture cannot both have standard output", "pcap", "a", "-", "--json")]
    [InlineData("'replay'", "replay", "a")]
    [InlineData("--speed: 'fast' is no speed", "replay", "a", "b", "--speed", "fast")]
    [InlineData("--loop: '0'", "replay", "a", "b", "--loop", "0")]
    [InlineData("standard input can be read only once", "replay", "-", "b", "--loop", "2")]
    [InlineData("--loop: 'x' is out of range", "replay", "-", "b", "--loop", "x")]
    [InlineData("--max-gap: '0s' is no duration", "replay", "a", "b", "--max-gap", "0s")]
    [InlineData("--max-gap: --speed max has no gaps", "replay", "a", "b", "--max-gap", "1s", "--speed", "max")]
    [InlineData("--count: '0'", "pktgen", "a", "--count", "0")]
    public void ACommandLineThatMakesNoSenseGetsOneLineAndCodeTwo(string contains, params string[] arguments) =>
        IxyProcess.AssertOneLine(IxyProcess.Run(arguments), exitCode: 2, contains);

    // As a service manager may start it. What cannot be said is no reason to crash.
    [Theory]
    [InlineData("list --json >&-", 1)]
    [InlineData("bind nonsense 2>&-", 2)]
    public void AClosedOutputIsAnErrorLikeOthers(string command, int exitCode)
    {
        using var shell = IxyProcess.StartOther("bash", "-c", $"dotnet exec '{IxyProcess.Program}' {command}");
        Assert.Equal(exitCode, shell.WaitForExit());
        Assert.DoesNotContain("   at ", shell.Error);
    }

    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("5s", 5_000)]
    [InlineData("2m", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("10", 10_000)]
    [InlineData("0.5", 500)]
    public void DurationsHaveAUnitOrAreSeconds(string text, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Ixy.Cli.CommonOptions.ParseDuration(text));

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("ms")]
    [InlineData("-5s")]
    [InlineData("5 s")]
    [InlineData("5hs")]
    [InlineData("1e3s")]
    [InlineData("400000d")]
    [InlineData("99999999h")]
    [InlineData("0.0000001ms")] // shorter than anything that is measured here
    public void OtherDurationsAreRefused(string text) =>
        Assert.Throws<ArgumentException>(() => Ixy.Cli.CommonOptions.ParseDuration(text));
}
