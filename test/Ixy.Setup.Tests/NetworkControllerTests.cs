using Ixy.Setup.Bus;

namespace Ixy.Setup.Tests;

/// <summary>What is reported about a machine's network cards.</summary>
public sealed class NetworkControllerTests : IDisposable
{
    private const string First = "0000:03:00.0", Second = "0000:81:00.1";

    private static readonly string[] s_ids =
    [
        "# a comment", "",
        "1af4  Red Hat, Inc.", "\t1000  Virtio network device", "\t10fb  Another of this number",
        "8086  Intel Corporation", "\t10d3  82574L Gigabit Network Connection", "\t\t103c 1533  a subsystem",
        "# between", "\t10fb  82599ES 10-Gigabit SFI/SFP+ Network Connection",
        "9005  Adaptec", "\t1111  Not Intel's",
        "C 02  Network controller", "\t00  Ethernet controller",
    ];

    private readonly FakeSysfs _sysfs = new();
    private readonly FakeKernel _kernel;

    public NetworkControllerTests() => _kernel = new(_sysfs);

    [Fact]
    public void NetworkCardsAndNothingElseAreFoundInTheOrderOfTheirAddresses()
    {
        _sysfs.Add(Second, deviceId: 0x1563);
        _sysfs.Add("0000:04:00.0", classCode: 0x010802);
        _sysfs.Add(First);
        _sysfs.Add("0000:82:00.0", classCode: 0x028000); // a network card, but not Ethernet
        var cards = NetworkController.FindAll(_kernel);
        Assert.Equal([First, Second, "0000:82:00.0"], cards.Select(card => $"{card.Address}"));
        Assert.Equal((0x8086, 0x1563), (cards[1].VendorId, cards[1].DeviceId));
    }

    [Fact]
    public void ACardOfALargeDomainIsListedBehindThoseOfSmallOnes()
    {
        foreach (string address in new[] { "10000:e1:00.0", "2000:01:00.0", First }) _sysfs.Add(address);
        List<string> told = [];
        Assert.Equal(
            [First, "2000:01:00.0", "10000:e1:00.0"],
            NetworkController.FindAll(_kernel, told.Add).Select(card => $"{card.Address}"));
        Assert.Empty(told);
    }

    // One malformed entry hides no other, and is itself reported.
    [Fact]
    public void AnEntryThatSaysNotWhatItIsIsLeftOutAndNamed()
    {
        _sysfs.Add(First);
        _sysfs.Add("pci-alias");
        File.Delete(Path.Combine(_sysfs.Add("0000:04:00.0"), "class"));
        File.WriteAllText(Path.Combine(_sysfs.Add("0000:05:00.0"), "vendor"), "\n");
        Unreadable("0000:06:00.0", "device");
        Unreadable("0000:07:00.0", "class");
        File.WriteAllText(Path.Combine(_sysfs.Root, "a file"), "");
        _sysfs.Add(Second);
        List<string> told = [];
        Assert.Equal([First, Second], NetworkController.FindAll(_kernel, told.Add).Select(card => $"{card.Address}"));
        string[] names = ["pci-alias", "0000:04:00.0", "0000:05:00.0", "0000:06:00.0", "0000:07:00.0"];
        Assert.Equal(names, told.Select(line => line[..line.IndexOf(" is left out: ", StringComparison.Ordinal)]));
    }

    [Fact]
    public void ACardOfWhichSomethingCannotBeReadIsListedAllTheSame()
    {
        _sysfs.Add(First);
        _sysfs.AddGroup(7, First);
        Unreadable(First, "numa_node");
        _sysfs.AddInterface(First, "ixy-none", flags: 0);
        File.Delete(Path.Combine(_sysfs.Root, First, "net/ixy-none/flags"));
        List<string> told = [];
        var card = Assert.Single(NetworkController.FindAll(_kernel, told.Add));
        Assert.Equal(
            (7, null, "ixy-none", "cannot be told"),
            (card.IommuGroup, card.NumaNode, card.Interfaces.Single().Name, card.Use));
        Assert.Equal(2, told.Count);
        Assert.StartsWith($"{First}: its NUMA node cannot be read: ", told[0]);
        Assert.StartsWith($"{First}: what it is in use for cannot be read: ", told[1]);
    }

    [Fact]
    public void ACardThatHasGoneMeanwhileIsLeftOut()
    {
        // A dangling link, as sysfs may show for a moment.
        Directory.CreateSymbolicLink(Path.Combine(_sysfs.Root, First), Path.Combine(_sysfs.Bus, "gone"));
        _sysfs.Add(Second);
        List<string> told = [];
        Assert.Equal(Second, $"{Assert.Single(NetworkController.FindAll(_kernel, told.Add)).Address}");
        Assert.Empty(told);
    }

    [Theory]
    [InlineData("DMA")]
    [InlineData("DMA-FQ")]
    [InlineData("identity")]
    public void WhatTheIommuDoesIsSaid(string type)
    {
        _sysfs.Add(First);
        _sysfs.AddGroup(7, First);
        _sysfs.SetGroupType(7, type);
        var card = Assert.Single(NetworkController.FindAll(_kernel));
        Assert.Equal((7, type), (card.IommuGroup, card.IommuType));
    }

    [Fact]
    public void AMachineWithoutPciHasNone()
    {
        Directory.Delete(_sysfs.Root);
        Assert.Empty(NetworkController.FindAll(_kernel));
    }

    [Fact]
    public void WhatIsThereIsSaidAndWhatIsNotIsNull()
    {
        _sysfs.Add(First);
        _sysfs.Add(Second);
        _sysfs.AddGroup(7, Second);
        _kernel.AddDrivers("ixgbe");
        _kernel.Hold(Second, "ixgbe");
        _sysfs.AddInterface(Second, "ixy-none", flags: 0);
        File.WriteAllText(Path.Combine(_sysfs.Root, Second, "net/ixy-none/address"), "02:00:5e:00:53:01\n");
        File.WriteAllText(Path.Combine(_sysfs.Root, Second, "numa_node"), "1\n");
        var cards = NetworkController.FindAll(_kernel);
        Assert.Equal((null, null, null, null), (cards[0].Driver, cards[0].IommuGroup, cards[0].NumaNode, cards[0].Use));
        Assert.Empty(cards[0].Interfaces);
        Assert.Equal(("ixgbe", 7, 1, null), (cards[1].Driver, cards[1].IommuGroup, cards[1].NumaNode, cards[1].Use));
        Assert.Equal(
            new NetworkControllerInterface("ixy-none", "02:00:5e:00:53:01"), Assert.Single(cards[1].Interfaces));
    }

    [Fact]
    public void AnInterfaceInUseAndAProcessAreNamed()
    {
        _sysfs.Add(First);
        _sysfs.AddInterface(First, "ixy-none", flags: 1, virtio: true);
        _sysfs.Add(Second);
        _sysfs.AddGroup(7, Second);
        _kernel.Hold(Second, "vfio-pci");
        _kernel.AddProcess(99, "ixy", "/dev/vfio/7");
        Assert.Equal(
            ["ixy-none is up", "driven by ixy (process 99)"],
            NetworkController.FindAll(_kernel).Select(card => card.Use));
    }

    [Theory]
    [InlineData(0x8086, 0x10FB, "Intel Corporation 82599ES 10-Gigabit SFI/SFP+ Network Connection")]
    [InlineData(0x8086, 0x10D3, "Intel Corporation 82574L Gigabit Network Connection")]
    [InlineData(0x1AF4, 0x1000, "Red Hat, Inc. Virtio network device")]
    [InlineData(0x8086, 0x1111, "Intel Corporation device 1111")]
    [InlineData(0x8086, 0x103C, "Intel Corporation device 103c")] // only a subsystem has this number
    [InlineData(0x15B3, 0x10FB, null)]
    [InlineData(0x9005, 0x0000, "Adaptec device 0000")]
    public void NamesComeFromTheListOfIds(int vendor, int device, string? name) =>
        Assert.Equal(name, PciNames.Find(s_ids, (ushort)vendor, (ushort)device));

    [Theory]
    [InlineData(0x8086, 0x10FB, "ixgbe")]
    [InlineData(0x8086, 0x1563, "ixgbe")]
    [InlineData(0x8086, 0x10D3, null)]
    [InlineData(0x1AF4, 0x1000, "virtio-net")]
    [InlineData(0x1AF4, 0x1041, "virtio-net")]
    [InlineData(0x1AF4, 0x1042, null)] // a disk
    [InlineData(0x1AF5, 0x1000, null)]
    public void DriversKnowTheirCards(int vendor, int device, string? driver) =>
        Assert.Equal(driver, NetworkDevice.FindDriver((ushort)vendor, (ushort)device));

    public void Dispose() => _sysfs.Dispose();

    // Unreadable even for root: the link leads to no regular file.
    private void Unreadable(string address, string file)
    {
        string path = Path.Combine(_sysfs.Root, address);
        if (!Directory.Exists(path)) _sysfs.Add(address);
        File.Delete(Path.Combine(path, file));
        File.CreateSymbolicLink(Path.Combine(path, file), "/proc/self/mem");
    }
}
