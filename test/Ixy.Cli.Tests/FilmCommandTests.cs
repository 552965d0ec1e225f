using System.Runtime.InteropServices;
using System.Text.Json;

namespace Ixy.Cli.Tests;

/// <summary><c>ixy film</c>, <c>ixy trace</c> and <c>ixy sim --film</c>, run as a user runs them.</summary>
public sealed class FilmCommandTests : IDisposable
{
    private const string Card = "sim:ixgbe,wire=generator,count=10";
    private static readonly string[] s_forward = ["fwd", Card, Card, "--virtual-time", "--duration", "1ms"];
    private readonly string _directory = Directory.CreateTempSubdirectory("ixy-film-").FullName;

    private string File(string name) => Path.Combine(_directory, name);

    [Fact]
    public void AFilmIsOnePageAndTheSameEveryTime()
    {
        var first = IxyProcess.Run(["film", "--output", File("first.html"), "--", .. s_forward]);
        Assert.True(first.ExitCode == 0, first.Error);
        Assert.Contains("forwarded 20 packets", first.Output);
        Assert.Matches(@"first\.html: \d+ events\n$", first.Error);
        IxyProcess.Run(["film", "--output", File("second.html"), "--", .. s_forward]);
        string page = System.IO.File.ReadAllText(File("first.html"));
        Assert.Equal(page, System.IO.File.ReadAllText(File("second.html")));
        using var data = Data(page);
        Assert.Equal($"ixy {string.Join(' ', s_forward)}", data.RootElement.GetProperty("title").GetString());
        var events = data.RootElement.GetProperty("events").EnumerateArray().ToList();
        Assert.Equal(20, events.Count(happened => happened[2].GetString() == "i"));
        Assert.Equal(20, events.Count(happened => happened[2].GetString() == "o"));
        Assert.Equal(20, data.RootElement.GetProperty("frames").GetArrayLength());
        Assert.DoesNotContain("http", page.Split("id=\"data\"")[0].Replace("http-equiv", ""));
    }

    // Recording changes nothing: the same frames, at the same times.
    [Theory]
    [InlineData("ixgbe")]
    [InlineData("virtio,packed=on")]
    public void ARecordedRunIsTheSameRun(string card)
    {
        string[] command =
        [
            "fwd", $"sim:{card},wire=generator,rate=2Mpps,count=100", "sim:ixgbe,wire=pcap:>{0}", "--virtual-time",
            "--duration", "1ms", "--seed", "5",
        ];
        byte[] plain = Capture("plain.pcapng"), filmed = Capture("filmed.pcapng", "film", "--output", File("f"), "--");
        Assert.InRange(plain.Length, 5_000, 50_000);
        Assert.Equal(plain, filmed);

        byte[] Capture(string name, params string[] before)
        {
            var run = IxyProcess.Run([.. before, .. command.Select(word => word.Replace("{0}", File(name)))]);
            Assert.True(run.ExitCode == 0, run.Error);
            return System.IO.File.ReadAllBytes(File(name));
        }
    }

    [Fact]
    public void ARunThatFailsLeavesWhatWasThere()
    {
        System.IO.File.WriteAllText(File("old.html"), "an older film");
        foreach (string name in new[] { "old.html", "new.html" })
        {
            var run = IxyProcess.Run("film", "--output", File(name), "--", "fwd", "sim:nothing", "sim:nothing");
            Assert.Equal(1, run.ExitCode);
        }
        Assert.Equal("an older film", System.IO.File.ReadAllText(File("old.html")));
        Assert.False(System.IO.File.Exists(File("new.html")));
        var good = IxyProcess.Run(["film", "--output", File("old.html"), "--", .. s_forward]);
        Assert.True(good.ExitCode == 0, good.Error);
        Assert.StartsWith("<!doctype html>", System.IO.File.ReadAllText(File("old.html")).ToLowerInvariant());
    }

    [Fact]
    public void AFilmThatIsFullEndsTheRun()
    {
        var run = IxyProcess.Run(
            "film", "--limit", "4000", "--output", File("f.html"), "--", "fwd", "sim:virtio,wire=generator",
            "sim:virtio,wire=generator", "--virtual-time");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Matches(@"f\.html: 4000 events; \d+ more are not in it\n$", run.Error);
    }

    [Fact]
    public void ATraceHasALineForEachEvent()
    {
        var run = IxyProcess.Run(["trace", "--", .. s_forward]);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Matches(
            @"\n\d\.\d{9} card 0  write RXDCTL\[0\] <- 0x02000000 \(ENABLE\) \[8\.2\.3\.8\.6\]  "
            + @"\(IxgbeDevice\.SetUp\.cs:\d+\)\n", run.Output);
        Assert.Equal(20, run.Output.Split("wire sent ").Length - 1);
        Assert.Contains("tail of transmit ring 0: 0 -> 10, 10 descriptors for the card\n", run.Output);
        Assert.Contains("forwarded 20 packets", run.Output);
    }

    [Theory]
    [InlineData("'list' has no simulated cards to record: expected fwd, pktgen", "film", "--", "list")]
    [InlineData("Required argument missing for command: 'film'", "film")]
    [InlineData("a command and its options stand behind --", "trace", "--virtual-time")]
    [InlineData("'0' is out of range: expected 1 to 1000000 events", "film", "--limit", "0", "--", "fwd", "a", "b")]
    [InlineData("(see ixy fwd --help)", "trace", "--", "fwd", "sim:ixgbe")]
    public void WhatMakesNoSenseIsRefused(string contains, params string[] arguments) =>
        IxyProcess.AssertOneLine(IxyProcess.Run(arguments), 2, contains);

    [Fact]
    public void AFileThatCannotBeWrittenIsToldOfBeforeTheRun() => IxyProcess.AssertOneLine(
        IxyProcess.Run(["film", "--output", File("no/f.html"), "--", .. s_forward]), 1, "no/f.html");

    // A driver in another process: its accesses have no source line here.
    [Fact]
    public void AServedCardIsFilmedToo()
    {
        using var sim = IxyProcess.Start(
            "sim", "ixgbe", "--socket", File("card"), "--wire", "loopback", "--film", File("f.html"));
        sim.WaitForOutput("waiting for a client");
        var client = IxyProcess.Run("pktgen", $"vfio-user:{File("card")}", "--count", "5");
        Assert.True(client.ExitCode == 0, client.Error);
        sim.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, sim.WaitForExit());
        using var data = Data(System.IO.File.ReadAllText(File("f.html")));
        var events = data.RootElement.GetProperty("events").EnumerateArray().ToList();
        Assert.Equal(5, events.Count(happened => happened[2].GetString() == "o"));
        Assert.Equal(0, data.RootElement.GetProperty("sites").GetArrayLength());
    }

    private static JsonDocument Data(string page) =>
        JsonDocument.Parse(page.Split("id=\"data\">")[1].Split("</script>")[0]);

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
