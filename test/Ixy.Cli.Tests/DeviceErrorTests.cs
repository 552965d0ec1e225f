namespace Ixy.Cli.Tests;

/// <summary>
/// A device that cannot be opened gets exit code 1 and one line that says what was found and what was expected.
/// </summary>
public sealed class DeviceErrorTests
{
    private const string Generator = "sim:ixgbe,wire=generator";

    [Theory]
    [InlineData("eth0", "'eth0' names no device: expected a PCI address like 0000:03:00.0 or 'sim:…', 'vfio-user:…'")]
    [InlineData("03:00", "'03:00' names no device")]
    [InlineData("simulation:ixgbe", "names no device")]
    [InlineData("sim:e1000", "sim:e1000")]
    [InlineData("sim:ixgbe,wire=wet", "generator, loopback, tap:NAME, pcap:IN[>OUT] or cable:NAME")]
    [InlineData("sim:ixgbe,wire=generator,speed=5", "speed")]
    [InlineData("sim:ixgbe,wire=generator,rate=fast", "rate=fast")]
    [InlineData("sim:ixgbe,wire=pcap:/nowhere.pcap", "/nowhere.pcap")]
    public void AnUnknownSpecifierIsAnswered(string specifier, string contains)
    {
        IxyProcess.AssertOneLine(IxyProcess.Run("fwd", specifier, specifier), 1, contains);
        IxyProcess.AssertOneLine(IxyProcess.Run("pktgen", specifier), 1, contains);
    }

    [Fact]
    public void APciAddressThatDoesNotExistIsAnswered() =>
        IxyProcess.AssertOneLine(
            IxyProcess.Run("fwd", "ffff:ff:1f.7", Generator), 1, "there is no PCI function ffff:ff:1f.7");

    [Fact]
    public void TheSameFunctionTwiceIsAnswered() =>
        IxyProcess.AssertOneLine(
            IxyProcess.Run("fwd", "ffff:ff:1f.7", "ffff:ff:1f.7"), 1, "ffff:ff:1f.7 is named twice");

    [SkippableFact]
    public void ADeviceThatIsNoNetworkCardIsAnswered()
    {
        const string Devices = "/sys/bus/pci/devices";
        var functions = Directory.Exists(Devices) ? Directory.GetDirectories(Devices) : [];
        // Class 02xxxx is a network controller; of other devices, only the header is read.
        string? other = functions.FirstOrDefault(
            function => !File.ReadAllText(Path.Combine(function, "class"))
            .StartsWith("0x02", StringComparison.Ordinal));
        Skip.If(other is null, "this machine has no PCI function that is not a network card");
        IxyProcess.AssertOneLine(
            IxyProcess.Run("fwd", Path.GetFileName(other), Generator), 1, "is not a network card: its PCI class is");
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void ANetworkCardWithoutADriverIsAnswered()
    {
        using var functions = new FakeSysfs();
        functions.Add("0000:03:00.0", deviceId: 0x10D3); // an 82574L, of another family
        IxyProcess.AssertOneLine(functions.RunIxy(asNobody: false, "pktgen", "0000:03:00.0"), 1,
            "0000:03:00.0 (8086:10d3) is a network card without a driver here: supported are Intel 82599, X540 and "
            + "X550, and virtio-net");
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void ACardThatTheKernelDrivesIsAnswered()
    {
        using var functions = new FakeSysfs();
        functions.Add("0000:03:00.0");
        functions.HoldByKernel("0000:03:00.0", "ixgbe");
        IxyProcess.AssertOneLine(functions.RunIxy(asNobody: false, "pktgen", "0000:03:00.0"), 1,
            "0000:03:00.0 is held by the kernel driver ixgbe: release it with 'echo 0000:03:00.0 | sudo tee");
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void WhoIsNotRootIsToldThatRootIsRequired()
    {
        using var functions = new FakeSysfs();
        functions.Add("0000:03:00.0");
        IxyProcess.AssertOneLine(functions.RunIxy(asNobody: true, "pktgen", "0000:03:00.0"), 1,
            "0000:03:00.0 is driven through sysfs, which needs root");
    }

    [SkippableFact]
    [Trait("needs", "root")]
    [Trait("needs", "time")]
    public void ACardThatDoesNotAnswerIsAnswered()
    {
        using var functions = new FakeSysfs();
        functions.Add("0000:03:00.0");
        IxyProcess.AssertOneLine(functions.RunIxy(asNobody: false, "pktgen", "0000:03:00.0"), 1,
            "0000:03:00.0: the end of the reset did not come within 100 ms");
    }

    [SkippableFact]
    [Trait("needs", "root")]
    [Trait("needs", "time")]
    public void MissingHugePagesAreAnsweredWhereTheyAreRequired()
    {
        using var functions = new FakeSysfs();
        using var card = new PaperCard(functions.Add("0000:03:00.0"));
        AllHugePages.Hold(() => IxyProcess.AssertOneLine(
            functions.RunIxy(asNobody: false, "pktgen", "0000:03:00.0", "--duration", "1s"), 1,
            "0000:03:00.0 has no IOMMU, so its DMA memory must be 2 MiB huge pages"));
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void PhysicalAddressesThatTheKernelHidesAreAnswered()
    {
        using var pages = AllHugePages.Require(32);
        using var functions = new FakeSysfs();
        using var card = new PaperCard(functions.Add("0000:03:00.0"));
        IxyProcess.AssertOneLine(functions.RunIxyWithout("sys_admin", "pktgen", "0000:03:00.0"), 1,
            "/proc/self/pagemap shows no physical addresses without CAP_SYS_ADMIN: run as root, or use vfio-pci");
    }

    [SkippableFact]
    [Trait("needs", "root")]
    public void ACardThatIsBoundToVfioGoesThroughVfio()
    {
        using var functions = new FakeSysfs();
        functions.Add("0000:03:00.0");
        functions.HoldByKernel("0000:03:00.0", "vfio-pci");
        IxyProcess.AssertOneLine(
            functions.RunIxy(asNobody: true, "pktgen", "0000:03:00.0"), 1, "0000:03:00.0 is behind no IOMMU");
    }

    [Fact]
    [Trait("needs", "time")]
    public void ACardWithAnEmptyPortIsToldSo()
    {
        var result = IxyProcess.Run("pktgen", "sim:ixgbe");
        Assert.Equal(1, result.ExitCode);
        Assert.Equal(
            "ixy: sim:ixgbe has no link after 10 s: plug something in, as in sim:ixgbe,wire=generator\n", result.Error);
    }
}
