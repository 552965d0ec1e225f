using Ixy.Vfio;

namespace Ixy.Cli.Tests;

/// <summary>Errors and help that need no open device.</summary>
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
    [InlineData(
        "fwd", "--batch", "--duration", "--touch", "--queues", "--symmetric-rss", "--ring-size", "--json", "--checked")]
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
    [InlineData(
        "pcap", "A [B …] FILE", "[default: 4096]", "--count", "--duration", "--snaplen", "--no-promiscuous", "--json",
        "tshark -r -")]
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
    [InlineData("--speed: 'fast' is not a speed", "replay", "a", "b", "--speed", "fast")]
    [InlineData("--loop: '0'", "replay", "a", "b", "--loop", "0")]
    [InlineData("standard input can be read only once", "replay", "-", "b", "--loop", "2")]
    [InlineData("--loop: 'x' is out of range", "replay", "-", "b", "--loop", "x")]
    [InlineData("--max-gap: '0s' is not a duration", "replay", "a", "b", "--max-gap", "0s")]
    [InlineData("--max-gap: --speed max has no gaps", "replay", "a", "b", "--max-gap", "1s", "--speed", "max")]
    [InlineData("--count: '0'", "pktgen", "a", "--count", "0")]
    public void ACommandLineThatMakesNoSenseGetsOneLineAndCodeTwo(string contains, params string[] arguments) =>
        IxyProcess.AssertOneLine(IxyProcess.Run(arguments), exitCode: 2, contains);

    // The option accepts what help shows as its default.
    [Fact]
    public void EveryDefaultInHelpCanBeTyped()
    {
        var defaults = Commands.Root()
            .Subcommands.SelectMany(command => command.Options, (command, option) => (command, option))
            .Where(found => found.option.HasDefaultValue && found.option.ValueType != typeof(bool)).ToList();
        Assert.True(defaults.Count > 20, $"{defaults.Count}");
        Assert.All(defaults, found =>
        {
            string text = $"{found.option.GetDefaultValue()}";
            var typed = Commands.Root().Parse([found.command.Name, found.option.Name, text]);
            // Some options are of no use alone; that error does not quote the value.
            Assert.DoesNotContain(
                typed.Errors, error => error.Message.StartsWith(found.option.Name, StringComparison.Ordinal)
                && error.Message.Contains(text, StringComparison.Ordinal));
        });
    }

    [Theory]
    [InlineData("replay", "/tmp", "sim:ixgbe,wire=loopback")]
    [InlineData("pcap", "sim:ixgbe,wire=loopback", "/tmp")]
    [InlineData("pktgen", "sim:ixgbe,wire=loopback,trace=/tmp")]
    [InlineData("pktgen", "sim:ixgbe,wire=pcap:/tmp")]
    [InlineData("pktgen", "sim:ixgbe,wire=pcap:>/tmp")]
    public void ADirectoryIsCalledOne(params string[] arguments) =>
        IxyProcess.AssertOneLine(IxyProcess.Run(arguments), exitCode: 1, "/tmp is a directory: expected a file");

    [Fact]
    public void AnAtIsACharacterLikeOthers() =>
        IxyProcess.AssertOneLine(IxyProcess.Run("fwd", "@foo", "b"), exitCode: 1, "'@foo' names no device");

    // As a service manager may start it. Output that cannot be written is not a reason to crash.
    [Theory]
    [InlineData("list --json >&-", 1)]
    [InlineData("bind nonsense 2>&-", 2)]
    [InlineData("--help >/dev/full", 1)]
    [InlineData("list >/dev/full", 1)]
    [InlineData("list --json >/dev/full", 1)]
    [InlineData(
        "fwd sim:ixgbe,wire=generator,rate=1kpps sim:ixgbe,wire=generator,rate=1kpps --duration 1s >/dev/full", 1)]
    [InlineData("sim ixgbe --socket $(mktemp -u) --duration 1s >/dev/full", 1)]
    public void AClosedOutputIsAnErrorLikeOthers(string command, int exitCode)
    {
        using var shell = IxyProcess.StartOther("bash", "-c", $"dotnet exec '{IxyProcess.Program}' {command}");
        Assert.Equal(exitCode, shell.WaitForExit());
        Assert.DoesNotContain("   at ", shell.Error);
        if (command.EndsWith("/dev/full", StringComparison.Ordinal))
            Assert.Contains("ixy: standard output cannot be written: No space left on device", shell.Error);
    }

    // The reader has enough: a run that would not end by itself ends, cleanly and silently.
    [Theory]
    [InlineData("--help", 0)]
    [InlineData("list", 0)]
    [InlineData("hugepages --json", 0)]
    [InlineData("fwd sim:ixgbe,wire=generator,rate=1kpps sim:ixgbe,wire=generator,rate=1kpps", 1)]
    [InlineData("pktgen sim:ixgbe,wire=loopback --rate 1kpps", 2)]
    public void WhenTheReaderGoesItEnds(string command, int lines)
    {
        using var shell = IxyProcess.StartOther(
            "bash", "-c", $"dotnet exec '{IxyProcess.Program}' {command} | head -n {lines}; echo ${{PIPESTATUS[0]}}");
        Assert.Equal(0, shell.WaitForExit());
        Assert.EndsWith("0\n", shell.Output);
        Assert.Equal(lines + 1, shell.Output.Count(character => character == '\n'));
        Assert.DoesNotContain("   at ", shell.Error);
    }

    // A notice is printed by the server's thread, which nobody waits for.
    [Fact]
    public void ACardWhoseReaderHasGoneEndsWithTheNextNotice()
    {
        string path = Path.Combine(Path.GetTempPath(), $"ixy-notice-{Environment.ProcessId}");
        using var shell = IxyProcess.StartOther(
            "bash", "-c",
            $"dotnet exec '{IxyProcess.Program}' sim ixgbe --socket {path} | head -n 1; echo ${{PIPESTATUS[0]}}");
        shell.WaitForOutput("waiting for a client");
        using (new VfioUserPciDevice(path))
        {
        }
        Assert.Equal(0, shell.WaitForExit());
        Assert.EndsWith("\n0\n", shell.Output);
        Assert.DoesNotContain("   at ", shell.Error);
    }

    // The shell has the same file open and continues after what ixy has written.
    [Fact]
    public void WhatOthersWriteToTheSameFileStandsBehind()
    {
        string path = Path.GetTempFileName();
        using var shell = IxyProcess.StartOther("bash", "-c", $"""
            (echo before; dotnet exec '{IxyProcess.Program}' pcap sim:ixgbe,wire=generator,rate=1kpps - --count 3; dotnet exec '{IxyProcess.Program}' --version; echo after) > {path}
            """);
        Assert.Equal(0, shell.WaitForExit());
        string content = File.ReadAllText(path, System.Text.Encoding.Latin1);
        File.Delete(path);
        Assert.StartsWith("before\n\n\r\r\n", content);
        Assert.Matches(@"\d+\.\d+\.\d+\nafter\n$", content);
        Assert.True(content.Length > 500, $"{content.Length}");
    }

    // Larger than the warm-up frames of 1.5 KB.
    [Theory]
    [InlineData("sim:ixgbe,wire=loopback", 1519)]
    [InlineData("sim:ixgbe,wire=loopback", 15_864)]
    [InlineData("sim:virtio,wire=loopback", 9_000)]
    public void PktgenSendsPacketsOfEverySizeThatItsHelpNames(string device, int size)
    {
        var (exitCode, output, error) = IxyProcess.Run("pktgen", device, "--size", $"{size}", "--count", "10");
        Assert.True(exitCode == 0, error);
        Assert.Contains("sent 10 packets", output);
    }

    [Theory]
    [InlineData(0, "0.00", "0")]
    [InlineData(1, "0.000001", "0.00")]
    [InlineData(1_000, "0.001000", "0.67")]
    [InlineData(99_999, "0.099999", "67.20")]
    [InlineData(1_000_000, "1.00", "672")]
    [InlineData(14_880_952, "14.88", "10000")]
    public void ASlowRateHasMoreDigits(double packets, string mpps, string megabits)
    {
        Assert.Equal(mpps, Ixy.Cli.Output.Rates.Mpps(packets));
        Assert.Equal(megabits, Ixy.Cli.Output.Rates.Megabits(packets * 84 * 8 / 1e6));
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
    [InlineData("0.0000001ms")] // shorter than anything measured here
    public void OtherDurationsAreRefused(string text) =>
        Assert.Throws<ArgumentException>(() => Ixy.Cli.CommonOptions.ParseDuration(text));
}
