using Ixy.Cli.Completion;

namespace Ixy.Cli.Tests.Completion;

/// <summary><c>ixy completion</c>, in the shells themselves and at a terminal: what the Tab key does.</summary>
public sealed class CompletionTests : IDisposable
{
    // An unlikely file name, to be completed.
    private const string File = "zyzzyva.pcapng";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-completion-");

    public CompletionTests() => System.IO.File.WriteAllText(Path.Combine(_directory.FullName, File), "");

    [Theory]
    [InlineData("'tcsh' is not a shell that is known here: expected bash, zsh or fish", "completion", "tcsh")]
    [InlineData("'completion'", "completion")]
    public void AShellThatIsNotKnownGetsOneLineAndCodeTwo(string contains, params string[] arguments) =>
        IxyProcess.AssertOneLine(IxyProcess.Run(arguments), exitCode: 2, contains);

    // What is typed, and the line after the Tab key.
    public static TheoryData<string, string> Lines => new()
    {
        { "ixy doc", "ixy doctor " },
        { "ixy unb", "ixy unbind " },
        { "ixy report --out", "ixy report --output " },
        { "ixy report sim:virtio-l", "ixy report sim:virtio-legacy,wire=generator " },
        { "ixy hugepages --res", "ixy hugepages --reserve " },
        { "ixy pktgen --symm", "ixy pktgen --symm" }, // an option of fwd
        { "ixy fwd --symm", "ixy fwd --symmetric-rss " },
        { "ixy fwd sim:virtio-l", "ixy fwd sim:virtio-legacy,wire=generator " },
        { "ixy fwd sim:ixgbe,wire=l", "ixy fwd sim:ixgbe,wire=loopback " },
        { "ixy fwd --batch 7 sim:virtio,wire=l", "ixy fwd --batch 7 sim:virtio,wire=loopback " },
        { "ixy hugepages --size 1", "ixy hugepages --size 1G " },
        { "ixy bind --driver vf", "ixy bind --driver vfio-pci " },
        { "ixy replay zyz", $"ixy replay {File} " },
        { "ixy pcap sim:ixgbe,wire=loopback zyz", $"ixy pcap sim:ixgbe,wire=loopback {File} " },
        { "ixy sim virtio-", "ixy sim virtio-legacy " },
        { "ixy sim ixgbe --trace zyz", $"ixy sim ixgbe --trace {File} " },
        { "ixy sim ixgbe --wire lo", "ixy sim ixgbe --wire loopback " },
        { "ixy completion fi", "ixy completion fish " },
        // The command to be filmed.
        { "ixy film -- rep", "ixy film -- replay " },
        { "ixy film -- lis", "ixy film -- lis" }, // nothing to film
        { "ixy film -- fwd sim:virtio-l", "ixy film -- fwd sim:virtio-legacy,wire=generator " },
        { "ixy film --output zyz", $"ixy film --output {File} " },
        { "ixy film --output f.html -- fwd --symm", "ixy film --output f.html -- fwd --symmetric-rss " },
        { "ixy trace -- pktgen --symm", "ixy trace -- pktgen --symm" }, // an option of fwd
        { "ixy trace -- replay zyz", $"ixy trace -- replay {File} " },
    };

    [SkippableTheory]
    [MemberData(nameof(Lines))]
    public void BashCompletes(string typed, string completed) =>
        AssertCompletes("bash", "bash --norc --noprofile -i", "source", typed, completed);

    [SkippableTheory]
    [MemberData(nameof(Lines))]
    public void ZshCompletes(string typed, string completed)
    {
        Skip.IfNot(Tool.Exists("zsh"), "zsh is not installed (apt install zsh)");
        AssertCompletes("zsh", "zsh -f -i", "autoload -U compinit; compinit -u -D; source", typed, completed);
    }

    [SkippableTheory]
    [MemberData(nameof(Lines))]
    public void FishCompletes(string typed, string completed)
    {
        Skip.IfNot(Tool.Exists("fish"), "fish is not installed (apt install fish)");
        AssertCompletes("fish", "fish --no-config -i", "source", typed, completed);
    }

    // Help and the scripts come from the same tree: neither lacks anything.
    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void EveryCommandAndOptionIsInTheScript(string shell)
    {
        var (exitCode, script, error) = IxyProcess.Run("completion", shell);
        Assert.Equal((0, ""), (exitCode, error));
        var commands = CommandShape.AllOf(Commands.Root());
        Assert.Equal(14, commands.Count);
        Assert.All(commands, command => Assert.Contains(command.Name, script));
        Assert.All(commands.SelectMany(command => command.Options),
            option => Assert.Contains(shell == "fish" ? $"-l {option.Name[2..]}" : option.Name, script));
        Assert.DoesNotContain("ixy man", script);
    }

    [Fact]
    public void EveryValueHasAKindOfItsOwnOrNone()
    {
        var commands = CommandShape.AllOf(Commands.Root()).ToDictionary(command => command.Name);
        Assert.Equal([ValueKind.Device, ValueKind.Device], Kinds("fwd"));
        Assert.Equal([ValueKind.DeviceOrFile], Kinds("pcap"));
        Assert.Equal([ValueKind.File, ValueKind.Device], Kinds("replay"));
        Assert.All(new[] { "bind", "unbind", "doctor" }, name => Assert.Equal([ValueKind.Address], Kinds(name)));
        Assert.Equal([ValueKind.Words], Kinds("sim"));
        Assert.All(new[] { "--socket", "--trace" }, name => Assert.Equal(
            ValueKind.File, commands["sim"].Options.Single(option => option.Name == name).Value!.Kind));

        IEnumerable<ValueKind> Kinds(string name) => commands[name].Arguments.Select(argument => argument.Value.Kind);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private string Script(string shell)
    {
        string path = Path.Combine(_directory.FullName, $"script.{shell}");
        System.IO.File.WriteAllText(path, IxyProcess.Run("completion", shell).Output);
        return path;
    }

    private void AssertCompletes(string shell, string command, string load, string typed, string completed)
    {
        using var terminal = new Terminal(
            $"cd {_directory.FullName} && {command}", ("HOME", _directory.FullName));
        // The completed line is printed instead of run: the command is a function that echoes its arguments in
        // brackets.
        terminal.Type($"{load} {Script(shell)}; " + (shell == "fish"
            ? "function ixy; printf '<%s>' ixy $argv; echo '<'end'>'; end\n"
            + "function fish_prompt; echo -n 'rea''dy> '; end\n"
            : "function ixy { printf '<%s>' ixy \"$@\"; echo '<'end'>'; }\nPS1='rea''dy> '\n"));
        terminal.WaitFor("ready> ");
        terminal.Type($"{typed}\t\n");
        terminal.WaitFor("<end>");
        string expected = string.Concat(
            completed.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => $"<{word}>"));
        Assert.Contains($"{expected}<end>", terminal.Output);
    }
}
