namespace Ixy.Cli.Tests.Output;

/// <summary>What every command prints with <c>--json</c> fits its schema in <c>docs/schemas</c>.</summary>
public sealed class SchemaTests : IDisposable
{
    private const string Card = "0000:03:00.0";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-schema-");

    [Fact]
    public void EveryCommandWithJsonHasASchemaAndNothingElseHas()
    {
        var commands = Commands.Root().Subcommands
            .Where(command => command.Options.Any(option => option.Name == "--json")).Select(command => command.Name)
            .Append("report")
            // A separate program; Ixy.Labs.Tests validates its output.
            .Append("grade");
        Assert.Equal(
            commands.Order(), Directory.GetFiles(JsonSchemas.Folder).Select(Path.GetFileNameWithoutExtension).Order()!);
    }

    [Theory]
    [InlineData("fwd sim:ixgbe,wire=generator,rate=1kpps sim:virtio,wire=generator,rate=1kpps --duration 200ms")]
    [InlineData("fwd sim:ixgbe,wire=generator,rate=1kpps sim:ixgbe,wire=generator,rate=1kpps --duration 10ms "
        + "--virtual-time")]
    [InlineData("pktgen sim:ixgbe,wire=loopback --count 20")]
    [InlineData("pcap sim:ixgbe,wire=generator,rate=1kpps CAPTURE --count 20")]
    [InlineData("replay CAPTURE sim:ixgbe,wire=loopback --speed max")]
    [InlineData("sim ixgbe --socket SOCKET --wire generator --duration 100ms")]
    [InlineData("list")]
    [InlineData("hugepages")]
    [InlineData("doctor")]
    public void RealOutputValidates(string command)
    {
        string capture = Path.Combine(_directory.FullName, "a.pcapng");
        if (command.StartsWith("replay", StringComparison.Ordinal))
            Assert.Equal(0, IxyProcess.Run(
                "pcap", "sim:ixgbe,wire=generator,rate=1kpps", capture, "--count", "10").ExitCode);
        string[] arguments = [.. command.Split(' ').Select(argument => argument switch
        {
            "CAPTURE" => capture,
            "SOCKET" => Path.Combine(_directory.FullName, "socket"),
            _ => argument,
        })];
        var (exitCode, output, error) = IxyProcess.Run([.. arguments, "--json"]);
        // This machine need not be ready for a real card.
        if (arguments[0] != "doctor") Assert.True(exitCode == 0, error);
        AssertValid(arguments[0], output);
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void RealOutputAboutCardsValidates()
    {
        using var functions = new FakeSysfs();
        functions.Add(Card);
        functions.AddGroup(12, Card);
        functions.SetGroupType(12, "DMA-FQ");
        functions.HoldByKernel(Card, "e1000e");
        functions.AddInterface(Card, "lo", flags: 1);
        functions.Add("0000:04:00.0", deviceId: 0x10D3);
        AssertValid("list", functions.RunIxy(asNobody: true, "list", "--json").Output);
        AssertValid("doctor", functions.RunIxy(asNobody: true, "doctor", "--json").Output);
        AssertValid("doctor", functions.RunIxy(asNobody: true, "doctor", Card, "--json").Output);
        AssertValid("bind", functions.RunIxy(asNobody: true, "bind", Card, "--driver", "e1000e", "--json").Output);
        AssertValid("unbind", functions.RunIxy(asNobody: true, "unbind", Card, "--json").Output);
    }

    // A schema that accepts everything would be worthless.
    [Theory]
    [InlineData("list", """{"command":"list","devices":[]}""")]
    [InlineData("list", """{"command":"lisp","devices":[],"warnings":[]}""")]
    [InlineData("list", """{"command":"list","devices":[],"warnings":[],"more":1}""")]
    [InlineData("hugepages", """{"command":"hugepages","pools":[{"pageBytes":-1}],"mounts":[],"reservation":null}""")]
    public void WhatIsNotPromisedIsRefused(string command, string json) =>
        Assert.False(JsonSchemas.Evaluate(command, json).IsValid);

    public void Dispose() => _directory.Delete(recursive: true);

    private static void AssertValid(string command, string output) =>
        JsonSchemas.AssertFits(command, output.TrimEnd('\n').Split('\n')[^1]);
}
