using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ixy.Cli.Reporting;
using Ixy.Cli.Tests.Output;
using Ixy.Simulation;

namespace Ixy.Cli.Tests.Reporting;

/// <summary><c>ixy report</c>: what is in the file, and what is not.</summary>
public sealed partial class ReportTests : IDisposable
{
    // No two of its bytes are equal, and none is common.
    private const string Mac = "02:a7:c3:e9:5b:d1";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ixy-report-");

    private string File => Path.Combine(_directory.FullName, "report.json");

    [Theory]
    [InlineData("sim:ixgbe", "ixgbe", "RDT[0]")]
    [InlineData("sim:ixgbe,model=x540", "ixgbe", "MSCA")]
    [InlineData("sim:ixgbe,model=x550", "ixgbe", "MSCA")]
    [InlineData("sim:virtio", "virtio-net", "device_status")]
    [InlineData("sim:virtio,packed=on", "virtio-net", "device_status")]
    [InlineData("sim:virtio-legacy", "virtio-net", "guest_features")]
    public void ItHasWhatItPromisesAndNoAddress(string card, string driver, string register)
    {
        string trace = Path.Combine(_directory.FullName, "trace");
        var (exitCode, output, error) = IxyProcess.Run(
            "report", $"{card},mac={Mac},trace={trace},wire=generator,rate=1kpps", "--output", File,
            "--duration", "100ms");
        Assert.Equal((0, ""), (exitCode, output));
        Assert.Contains("read it before you give it away", error);
        var report = Read();
        Assert.Equal(driver, (string)report["device"]!["driver"]!);
        Assert.Equal("simulated", (string)report["device"]!["transport"]!);
        Assert.True((bool)report["setUp"]!["succeeded"]!);
        Assert.True((bool)report["setUp"]!["hasMacAddress"]!);
        Assert.Null((string?)report["setUp"]!["eepromError"]);
        Assert.True((bool)report["link"]!["isUp"]!);
        Assert.Equal(0, (long)report["setUp"]!["traceLeftOut"]!);
        string[] lines = Trace(report);
        Assert.Contains(lines, line => line.Contains($" {register} ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains(" write config 0x004 0x0", StringComparison.Ordinal));
        Assert.Contains("[MAC address]", (string)report["device"]!["specifier"]!);
        AssertNoAddress(System.IO.File.ReadAllText(File));
        // The check can fail: the card's own trace has the address.
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AssertNoAddress(System.IO.File.ReadAllText(trace)));
    }

    [Fact]
    public void ItWorksOverASocket()
    {
        string socket = Path.Combine(_directory.FullName, "card");
        using var server = IxyProcess.Start(
            "sim", "ixgbe", "--socket", socket, "--mac", Mac, "--wire", "generator,rate=1kpps");
        server.WaitForOutput("waiting for a client");
        var (exitCode, _, error) = IxyProcess.Run(
            "report", $"vfio-user:{socket}", "--output", File, "--duration", "100ms");
        Assert.True(exitCode == 0, error);
        var report = Read();
        Assert.Equal("vfio-user", (string)report["device"]!["transport"]!);
        Assert.True((bool)report["link"]!["isUp"]!);
        AssertNoAddress(System.IO.File.ReadAllText(File));
    }

    // Three of the model's registers hold the address, and its configuration space has it twice: lspci reads what
    // remains.
    [SkippableFact]
    public void LspciReadsTheConfigurationSpace()
    {
        Skip.IfNot(Tool.Exists("lspci"), "lspci is not installed (apt install pciutils)");
        Assert.Equal(0, IxyProcess.Run("report", $"sim:ixgbe,mac={Mac},wire=loopback", "--output", File).ExitCode);
        string dump = Path.Combine(_directory.FullName, "config");
        System.IO.File.WriteAllLines(
            dump, Read()["device"]!["configuration"]!.AsArray().Select(line => (string)line!));
        using var lspci = IxyProcess.StartOther("lspci", "-F", dump, "-vvv");
        Assert.Equal(0, lspci.WaitForExit());
        Assert.Contains("[a0] Express", lspci.Output);
        Assert.Contains("Device Serial Number 00-00-00-00-00-00-00-00", lspci.Output);
    }

    [Fact]
    public void ADriverThatDoesNotStartIsReportedWithAllThatItDid()
    {
        var (exitCode, _, error) = IxyProcess.Run(
            "report", $"sim:ixgbe,mac={Mac},fault=reset-hangs,wire=generator", "--output", File);
        Assert.Equal(0, exitCode);
        Assert.StartsWith("ixy: the driver did not start: ", error);
        var report = Read();
        Assert.False((bool)report["setUp"]!["succeeded"]!);
        Assert.Contains("end of the reset", (string)report["setUp"]!["error"]!);
        Assert.Contains(Trace(report), line => line.Contains(" write BAR0+0x00000 CTRL ", StringComparison.Ordinal));
        Assert.Null(report["link"]);
    }

    [Fact]
    public void ABadEepromIsReported()
    {
        string card = $"sim:ixgbe,mac={Mac},fault=eeprom-checksum,wire=loopback";
        Assert.Equal(0, IxyProcess.Run("report", card, "--output", File, "--duration", "10ms").ExitCode);
        Assert.Contains("words of the EEPROM add up to", (string)Read()["setUp"]!["eepromError"]!);
        AssertNoAddress(System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void ACardWithoutACableHasNoLink()
    {
        var (exitCode, _, error) = IxyProcess.Run(
            "report", "sim:ixgbe", "--output", File, "--link-time", "50ms", "--duration", "10ms");
        Assert.Equal(0, exitCode);
        Assert.StartsWith("ixy: there was no link", error);
        Assert.False((bool)Read()["link"]!["isUp"]!);
    }

    [Fact]
    public void StandardOutputGetsTheSameFile()
    {
        var (exitCode, output, _) = IxyProcess.Run(
            "report", "sim:virtio,wire=loopback", "--output", "-", "--duration", "10ms");
        Assert.Equal(0, exitCode);
        JsonSchemas.AssertFits("report", output);
    }

    [Theory]
    [InlineData("'sim:nothing' is not a simulated card", "sim:nothing")]
    [InlineData("ffff:ff:1f.7", "ffff:ff:1f.7")]
    [InlineData("/nowhere/card", "vfio-user:/nowhere/card")]
    public void WhatIsNotThereLeavesNoFile(string contains, string card)
    {
        IxyProcess.AssertOneLine(IxyProcess.Run("report", card, "--output", File), exitCode: 1, contains);
        Assert.False(System.IO.File.Exists(File));
    }

    [Fact]
    public void AFileThatCannotBeWrittenIsToldOfBeforeTheCardIsTouched() =>
        IxyProcess.AssertOneLine(
            IxyProcess.Run("report", "sim:ixgbe", "--output", "/nowhere/report.json"), exitCode: 1, "/nowhere/");

    // A card that the kernel uses: ixy cannot have it, but its configuration space and the doctor's verdict are still
    // there.
    [SkippableFact]
    [Trait("needs", "root")]
    public void ACardThatIsNotReadyIsReportedWithTheDoctorsVerdict()
    {
        const string Card = "0000:03:00.0";
        using var functions = new FakeSysfs();
        functions.Add(Card);
        functions.HoldByKernel(Card, "e1000e");
        var (exitCode, output, error) = functions.RunIxy(asNobody: false, "report", Card, "--output", "-");
        Assert.True(exitCode == 0, error);
        JsonSchemas.AssertFits("report", output);
        var report = JsonNode.Parse(output)!;
        JsonSchemas.AssertFits("doctor", report["doctor"]!.ToJsonString());
        Assert.Equal(Card, (string)report["doctor"]!["address"]!);
        Assert.Contains("e1000e", (string)report["setUp"]!["error"]!);
        Assert.Null((string?)report["device"]!["transport"]);
        Assert.Equal("8086", (string)report["device"]!["vendorId"]!);
    }

    [Theory]
    [InlineData("eth0 has the address 192.0.2.17: flush it", "eth0 has the address [IP address]: flush it")]
    [InlineData("eth0 has the address 2001:db8::17", "eth0 has the address [IP address]")]
    [InlineData("eth0 has the address fe80::a7:c3ff:fee9:5bd1.", "eth0 has the address [IP address].")]
    [InlineData("sim:ixgbe,mac=02:A7:C3:e9:5b:d1,wire=loopback", "sim:ixgbe,mac=[MAC address],wire=loopback")]
    [InlineData("eth0 has the address 192.0.2.17. Flush it", "eth0 has the address [IP address]. Flush it")]
    [InlineData("firmware 1.2.3.4.5", "firmware 1.2.3.4.5")]
    [InlineData("02-a7-c3-e9-5b-d1", "[MAC address]")]
    [InlineData("vfio-user:/run/vm-02:a7:c3:e9:5b:d1.sock", "vfio-user:/run/vm-[MAC address].sock")]
    [InlineData("tap-02-a7-c3-e9-5b-d1", "tap-[MAC address]")]
    [InlineData("mac:02:a7:c3:e9:5b:d1", "mac:[MAC address]")]
    [InlineData("enx02a7c3e95bd1 is up", "enx[MAC address] is up")]
    [InlineData("sudo chown anna /dev/vfio/12", "sudo chown [user] /dev/vfio/12")]
    [InlineData("vfio-user:/home/otto/card", "vfio-user:/home/[user]/card")]
    [InlineData("Linux on Annas-PC", "Linux on [host name]")]
    [InlineData("root=UUID=0a1b2c3d-1122-3344-5566-77889900aabb", "root=UUID=[UUID]")]
    [InlineData("0000:03:00.0 and 10000:e1:00.0", "0000:03:00.0 and 10000:e1:00.0")]
    [InlineData("8086:10fb, 2.0 GHz, at 12:30:45", "8086:10fb, 2.0 GHz, at 12:30:45")]
    [InlineData("johanna's card", "johanna's card")]
    public void NobodyCanBeToldFromATextAnyMore(string text, string expected) =>
        Assert.Equal(expected, new Redaction(["annas-pc", "annas-pc"], ["anna", "root"]).Of(text));

    [Theory]
    [InlineData("intel_iommu=on", true)]
    [InlineData("ixgbe.allow_unsupported_sfp=1", true)]
    [InlineData("vfio-pci.ids=8086:10fb", true)]
    [InlineData("root=/dev/sda1", false)]
    [InlineData("ip=192.0.2.1::192.0.2.254:255.255.255.0:host:eth0", false)]
    [InlineData("systemd.hostname=annas-pc", false)]
    public void OfTheKernelsArgumentsThoseAboutCardsAreKept(string argument, bool isKept) =>
        Assert.Equal(isKept, SystemFacts.Matters(argument));

    [Fact]
    public void SerialNumbersAreLeftOutAndActingRegistersNotRead()
    {
        byte[] space = new byte[4096];
        Put(0x04, 0x0010_0000, 0x34, 0x40);
        // VPD, and the configuration access window of a virtio device.
        Put(0x40, 0x0000_5003, 0x44, 0x1111_1111, 0x50, 0x0514_0009, 0x60, 0x2222_2222);
        // A serial number, and a vendor-specific capability of 16 bytes.
        Put(0x100, 0x1401_0003, 0x104, 0x3333_3333, 0x108, 0x3333_3333);
        Put(0x140, 0x0001_000B, 0x144, 0x0100_0001, 0x148, 0x4444_4444, 0x14C, 0x4444_4444, 0x150, 0x5555_5555);
        var read = new List<int>();
        var dump = new ConfigDump(offset =>
        {
            read.Add(offset);
            return BitConverter.ToUInt32(space, offset);
        }, isVirtio: true);
        Assert.DoesNotContain(0x44, read);
        Assert.DoesNotContain(0x60, read);
        Assert.Equal(4096, dump.Length);
        Assert.Equal(
            [(0x40, false, 3), (0x50, false, 9), (0x100, true, 3), (0x140, true, 11)],
            dump.Capabilities.Select(found => (found.Offset, found.IsExtended, found.Id)));
        var lines = dump.Lines("00:00.0 card");
        Assert.Equal((257, "00:00.0 card"), (lines.Count, lines[0]));
        Assert.Contains("100: 03 00 01 14 00 00 00 00 00 00 00 00 00 00 00 00", lines);
        Assert.Contains("140: 0b 00 01 00 01 00 00 01 00 00 00 00 00 00 00 00", lines);
        Assert.Contains("150: 55 55 55 55 00 00 00 00 00 00 00 00 00 00 00 00", lines);

        void Put(params uint[] pairs)
        {
            for (int i = 0; i < pairs.Length; i += 2)
                BitConverter.TryWriteBytes(space.AsSpan((int)pairs[i]), pairs[i + 1]);
        }
    }

    [Fact]
    public void AccessesThatAreAlikeShareALine()
    {
        using var card = SimulatedCards.Open("sim:ixgbe");
        var log = new AccessLog(new RegisterNames(card), new ManualClock());
        foreach (uint value in new uint[] { 1, 1, 1, 2 }) log.Add(new(0, 0x00008, 4, value, IsWrite: false));
        for (uint i = 1; i < 128; i++) log.Add(new(0, 0xA204 + 8 * i, 4, 0x8000_0000, IsWrite: true));
        log.Add(new(0, 0xA200, 4, 0x1234_5678, IsWrite: true));
        log.Add(new(0, 0x10014, 4, 0xABCD_0012, IsWrite: false));
        log.Add(new(0, 0x3FFF0, 4, 7, IsWrite: true));
        log.Add(new(null, 4, 2, 6, IsWrite: true));
        Assert.Equal(
            [
                "0.000000 read BAR0+0x00008 STATUS 0x00000001 x3",
                "0.000000 read BAR0+0x00008 STATUS 0x00000002",
                "0.000000 write BAR0+0x0a20c RAH[1..127] 0x8000???? x127",
                "0.000000 write BAR0+0x0a200 RAL[0] 0x????????",
                "0.000000 read BAR0+0x10014 EERD 0x????0012",
                "0.000000 write BAR0+0x3fff0 0x00000007",
                "0.000000 write config 0x004 0x0006",
            ],
            log.End());
        Assert.Equal(135, log.Count);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private JsonNode Read()
    {
        string text = System.IO.File.ReadAllText(File);
        JsonSchemas.AssertFits("report", text);
        var report = JsonNode.Parse(text)!;
        JsonSchemas.AssertFits("doctor", report["doctor"]!.ToJsonString());
        return report;
    }

    private static string[] Trace(JsonNode report) =>
        [.. report["setUp"]!["trace"]!.AsArray().Select(line => (string)line!)];

    /// <summary>
    /// No four consecutive bytes of the address appear: neither as they are, nor in 16-bit or 32-bit words with the
    /// lowest byte first, with anything in between, or spread over values that were accessed one after the other.
    /// </summary>
    private static void AssertNoAddress(string text)
    {
        const int Window = 4;
        byte[] wire = Convert.FromHexString(Mac.Replace(":", "", StringComparison.Ordinal));
        byte[] reversed = [.. wire.Reverse()], words = [.. wire.Chunk(2).SelectMany(word => word.Reverse())];
        string[] forbidden = [.. new[] { wire, reversed, words }.SelectMany(order => Enumerable
            .Range(0, wire.Length - Window + 1).Select(i => Convert.ToHexStringLower(order, i, Window)))];
        string values = string.Concat(Values().Matches(text).Select(value => value.Groups[1].Value));
        var lines = text.Split('\n').Select(line => NoDigits().Replace(line.Replace("0x", ""), "")).Append(values);
        Assert.All(lines, line => Assert.All(
            forbidden, bytes => Assert.DoesNotContain(bytes, line, StringComparison.OrdinalIgnoreCase)));
    }

    [GeneratedRegex(@"[ =]0x([0-9a-f]{2,8})(?: x\d+)?""?,?\s*$", RegexOptions.Multiline)]
    private static partial Regex Values();

    [GeneratedRegex("[^0-9a-fA-F]")]
    private static partial Regex NoDigits();
}
