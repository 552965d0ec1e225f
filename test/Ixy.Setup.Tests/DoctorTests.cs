using Ixy.Setup.Examination;
using Ixy.Vfio;

namespace Ixy.Setup.Tests;

/// <summary>The doctor's verdicts on fake machines, with one thing wrong at a time.</summary>
public sealed class DoctorTests : IDisposable
{
    private const string Card = "0000:03:00.0", Other = "0000:04:00.0";
    private const int Group = 7;

    private readonly FakeSysfs _sysfs = new();
    private readonly FakeMachine _machine = new();
    private readonly FakeKernel _kernel;
    private Action<PciAddress>? _try = _ => { };

    public DoctorTests() => _kernel = new(_sysfs);

    [Fact]
    public void ACardOfVfioOnAGoodMachineIsReady()
    {
        AddVfioCard();
        var report = Examine(Card);
        Assert.True(report.IsReady);
        Assert.All(report.Findings, found => Assert.Equal((found.Check, Verdict.Ok, (string?)null),
            (found.Check, found.Verdict, found.Cure)));
        Assert.Equal(
            ["cores", "governor", "NUMA", "IOMMU", "VFIO", "locked memory", "rights", "huge pages", "lockdown"],
            report.Findings.Select(found => found.Check));
        var card = Assert.Single(report.Cards);
        Assert.Equal((CardAccess.Vfio, "ixgbe", true), (card.Access, card.Driver, card.IsReady));
        Assert.All(card.Findings, found => Assert.Equal((found.Check, Verdict.Ok), (found.Check, found.Verdict)));
        Assert.Equal(["card", "use", "driver", "IOMMU", "group", "link", "open"],
            card.Findings.Select(found => found.Check));
    }

    // Pairs that follow one pattern are abbreviated: there may be a hundred.
    [Theory]
    [InlineData("0-7", "0,4 1,5 2,6 3,7", "8 processors, of which these share a core (SMT): 0+4, 1+5, 2+6, 3+7;")]
    [InlineData("0-7", "0-1 2-3 4-5 6-7", "(SMT): 0+1, 2+3, 4+5, 6+7;")]
    [InlineData("0-5", "0-1 2-3", "6 processors, of which these share a core (SMT): 0+1, 2+3;")]
    [InlineData("0-13", "0,7 1,8 2,9 3,10 4,11 5,12 6,13", "(SMT): 0+7, 1+8 to 6+13;")]
    [InlineData("0-13", "0-1 2-3 4-5 6-7 8-9 10,12 11,13", "(SMT): 0+1, 2+3 to 8+9, 10+12, 11+13;")]
    [InlineData("0-7", "0-3 4-7", "(SMT): 0+1+2+3, 4+5+6+7;")]
    [InlineData("0-3", "", "4 processors, each with a core of its own;")]
    public void WhichProcessorsShareACoreIsSaid(string online, string shared, string expected)
    {
        _machine.Write(FakeMachine.Online, online);
        foreach (string list in shared.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (int core in CoresOf(list))
                _machine.Write($"sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list", list);
        }
        var report = Examine();
        Assert.Contains(expected, report.Findings.Single(found => found.Check == "cores").Text);
        Assert.Equal(
            shared.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(CoresOf), report.Machine.SharedCores);

        static int[] CoresOf(string list) => list.Split('-') is [var first, var last]
            ? [.. Enumerable.Range(int.Parse(first), int.Parse(last) - int.Parse(first) + 1)]
            : [.. list.Split(',').Select(int.Parse)];
    }

    [Fact]
    public void TheFactsAreTheKernels()
    {
        _machine.Write(FakeMachine.Online, "0-2,3");
        _machine.Write(FakeMachine.Isolated, "2-3");
        _machine.Write(FakeMachine.Siblings, "2-3");
        _machine.Write(FakeMachine.Siblings.Replace("cpu2", "cpu3", StringComparison.Ordinal), "2-3");
        _machine.Write(FakeMachine.Governor, "powersave");
        _machine.Write(FakeMachine.Nodes, "0-1");
        _machine.Write(FakeMachine.Lockdown, "none [integrity] confidentiality");
        _machine.BeUser(root: false);
        _machine.SetLockedLimit("8388608");
        _machine.SetHugePages(node: 1, total: 4, free: 3);
        var facts = Examine().Machine;
        Assert.Equal([0, 1, 2, 3], facts.Cores);
        Assert.Equal([2, 3], facts.IsolatedCores);
        Assert.Equal([2, 3], Assert.Single(facts.SharedCores));
        Assert.Equal((2, "integrity", false), (facts.ThreadsPerCore, facts.Lockdown, facts.IsRoot));
        Assert.Equal(["performance", "powersave"], facts.Governors);
        Assert.Equal([0, 1], facts.Nodes);
        Assert.Equal((IommuMode.Translating, true, 8388608L),
            (facts.Iommu, facts.RemapsInterrupts, facts.LockedMemoryLimit));
        Assert.Equal(["vfio_pci", "vfio_iommu_type1"], facts.VfioModules);
        Assert.Equal([new(2 << 20, 0, 64, 32), new(2 << 20, 1, 4, 3)], facts.HugePages);
    }

    // Nothing fails because of these, whatever the card.
    [Theory]
    [InlineData(FakeMachine.Governor, "powersave", "governor", "performance, powersave: cores may slow down",
        "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor")]
    [InlineData(FakeMachine.Status, "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\nCpus_allowed_list:\t3", "cores",
        "this process may run on one alone", null)]
    public void SomeThingsOnlyCostSpeed(string file, string text, string check, string found, string? cure)
    {
        AddVfioCard();
        _machine.Write(file, text);
        var report = Examine(Card);
        AssertFinding(report, check, Verdict.Note, found, cure);
        Assert.True(report.IsReady);
    }

    // A problem for a card used through VFIO; a note, or nothing, for any other.
    [Theory]
    [InlineData("no vfio_pci", "VFIO", "has not loaded vfio_pci", "sudo modprobe -a vfio-pci vfio_iommu_type1")]
    [InlineData("no type1", "VFIO", "has not loaded vfio_iommu_type1", "sudo modprobe -a vfio-pci vfio_iommu_type1")]
    [InlineData("no remapping", "VFIO", "does not remap interrupts",
        "echo Y | sudo tee /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts")]
    [InlineData("no container", "VFIO", "there is no /dev/vfio/vfio", null)]
    [InlineData("closed container", "VFIO", "/dev/vfio/vfio is closed to this user", "sudo chmod 666 /dev/vfio/vfio")]
    [InlineData("low limit", "locked memory", "at most 1,024 KiB, and VFIO pins 32,768 KiB",
        "sudo prlimit --pid $$ --memlock=unlimited")]
    public void WhatVfioLacksIsAProblemOfItsCards(string lack, string check, string found, string? cure)
    {
        AddVfioCard();
        Break(lack);
        var report = Examine(Card);
        AssertFinding(report, check, Verdict.Problem, found, cure);
        Assert.False(report.IsReady);
        Assert.False(report.Cards[0].IsReady);

        _kernel.Hold(Card, null);
        _sysfs.SetGroupType(Group, "identity");
        _machine.BeUser(root: true);
        report = Examine(Card);
        Assert.DoesNotContain(report.Findings, finding => finding.Verdict == Verdict.Problem);
        Assert.True(report.IsReady);
    }

    [Fact]
    public void UnsafeInterruptsCanBeAllowed()
    {
        AddVfioCard();
        Break("no remapping");
        _machine.Write(FakeMachine.Unsafe, "Y");
        AssertFinding(Examine(Card), "VFIO", Verdict.Ok, "loaded", null);
    }

    // The reverse.
    [Theory]
    [InlineData("user", "rights", "not root", $"sudo ixy doctor {Card}")]
    [InlineData("no pages", "huge pages", "node 0: 15 of 64 free of 2 MiB; expected 16 free ones of 2 MiB",
        "sudo ixy hugepages --reserve 113")]
    [InlineData("no huge pages", "huge pages", "this kernel has none; expected 16", null)]
    [InlineData("locked down", "lockdown", "locked down (integrity)", null)]
    public void WhatSysfsLacksIsAProblemOfItsCards(string lack, string check, string found, string? cure)
    {
        _sysfs.Add(Card);
        _machine.Delete("sys/kernel/iommu_groups");
        Break(lack);
        var report = Examine(Card);
        AssertFinding(report, check, Verdict.Problem, found, cure);
        Assert.False(report.IsReady);

        _sysfs.AddGroup(Group, Card);
        _sysfs.SetGroupType(Group, "DMA");
        _kernel.AddDrivers("vfio-pci");
        _kernel.Hold(Card, "vfio-pci");
        _machine.Write($"dev/vfio/{Group}", "");
        _machine.Write(FakeMachine.GroupType, "DMA");
        report = Examine(Card);
        Assert.DoesNotContain(report.Findings, finding => finding.Verdict == Verdict.Problem);
        Assert.True(report.IsReady);
    }

    [Fact]
    public void ALongPageIsEnough()
    {
        _sysfs.Add(Card);
        Break("no pages");
        _machine.SetHugePages(node: 0, total: 1, free: 1, length: "1048576");
        AssertFinding(Examine(Card), "huge pages", Verdict.Ok, "node 0: 1 of 1 free of 1 GiB", null);
    }

    [Theory]
    [InlineData("identity", IommuMode.Passthrough, Verdict.Ok, "through vfio-pci, or through sysfs as root")]
    [InlineData("DMA", IommuMode.Translating, Verdict.Ok, "through vfio-pci only")]
    [InlineData(null, IommuMode.Off, Verdict.Note, "intel_iommu=on or amd_iommu=on")]
    [InlineData("mixed", IommuMode.Mixed, Verdict.Ok, "for some devices")]
    public void TheIommuHasModes(string? type, IommuMode mode, Verdict verdict, string found)
    {
        if (type is null) _machine.Delete("sys/kernel/iommu_groups");
        else if (type == "mixed") _machine.Write("sys/kernel/iommu_groups/8/type", "identity");
        else _machine.Write(FakeMachine.GroupType, type);
        var report = Examine();
        Assert.Equal(mode, report.Machine.Iommu);
        AssertFinding(report, "IOMMU", verdict, found, null);
        if (type is null) AssertFinding(report, "VFIO", Verdict.Ok, "of no use without an IOMMU", null);
    }

    [Theory]
    [InlineData("DMA", $"sudo ixy bind {Card}", CardAccess.Vfio)]
    [InlineData("identity", $"sudo ixy bind {Card}", CardAccess.Vfio)]
    [InlineData(null, $"sudo ixy bind {Card} --driver none", CardAccess.Sysfs)]
    public void ACardOfTheKernelIsToBeBound(string? group, string cure, CardAccess access)
    {
        _sysfs.Add(Card);
        if (group is not null) AddGroup(group);
        _kernel.Hold(Card, "e1000e");
        var card = Assert.Single(Examine(Card).Cards);
        AssertFinding(card, "driver", Verdict.Problem, "the kernel has it (e1000e)", cure);
        Assert.Equal((access, false), (card.Access, card.IsReady));
        Assert.DoesNotContain(card.Findings, finding => finding.Check == "open");
    }

    // An IOMMU would block physical addresses.
    [Fact]
    public void ACardWithoutADriverBehindATranslatingIommuIsToBeBound()
    {
        _sysfs.Add(Card);
        AddGroup("DMA-FQ");
        var card = Assert.Single(Examine(Card).Cards);
        AssertFinding(card, "IOMMU", Verdict.Problem,
            "the IOMMU translates (the type of its group 7 is DMA-FQ), so it blocks the physical addresses",
            $"sudo ixy bind {Card}");
        Assert.False(card.IsReady);
        _sysfs.SetGroupType(Group, "identity");
        Assert.True(Examine(Card).IsReady);
    }

    [Fact]
    public void ACardInUseIsAProblemIfItIsNamedAndANoteIfNot()
    {
        _sysfs.Add(Card);
        _kernel.Hold(Card, "e1000e");
        _sysfs.AddInterface(Card, "lo", flags: 1);
        _machine.SetHugePages(node: 0, total: 0, free: 0);
        var named = Examine(Card);
        AssertFinding(named.Cards[0], "use", Verdict.Problem, "lo has the address",
            "sudo ip address flush dev lo; sudo ip link set lo down");
        Assert.Equal(Verdict.Problem, named.Findings.Single(finding => finding.Check == "huge pages").Verdict);
        Assert.Equal(["use", "driver"], named.Cards[0].Findings
            .Where(finding => finding.Verdict == Verdict.Problem).Select(finding => finding.Check));
        var all = Examine();
        AssertFinding(all.Cards[0], "use", Verdict.Note, "lo has the address", null);
        AssertFinding(all.Cards[0], "driver", Verdict.Note, "the kernel has it", null);
        Assert.DoesNotContain(all.Findings, finding => finding.Verdict == Verdict.Problem);
        Assert.False(all.IsReady);
    }

    [Fact]
    public void ACardThatAProcessDrivesIsNotOpened()
    {
        AddVfioCard();
        _kernel.AddProcess(4711, "testpmd", $"/dev/vfio/{Group}");
        _try = _ => Assert.Fail("it is in use");
        var card = Assert.Single(Examine(Card).Cards);
        AssertFinding(card, "use", Verdict.Problem, "driven by testpmd (process 4711)", "sudo kill 4711");
        Assert.False(card.IsReady);
    }

    [Fact]
    public void RivalsOfTheGroupAreToBeReleased()
    {
        AddVfioCard();
        _sysfs.Add(Other);
        _sysfs.Add("0000:05:00.0", classCode: 0x010600);
        foreach (string rival in new[] { Other, "0000:05:00.0" })
        {
            Directory.CreateSymbolicLink(
                Path.Combine(_sysfs.Bus, "iommu_groups", $"{Group}", "devices", rival),
                Path.Combine(_sysfs.Root, rival));
            _kernel.Hold(rival, rival == Other ? "e1000e" : "ahci");
        }
        string directory = Path.Combine(_sysfs.Root, "0000:05:00.0");
        AssertFinding(Assert.Single(Examine(Card).Cards), "group", Verdict.Problem,
            $"others of group 7, so VFIO gives it to nobody: {Other} (e1000e), 0000:05:00.0 (ahci)",
            $"sudo ixy bind {Other}; echo 0000:05:00.0 | sudo tee {directory}/driver/unbind");
    }

    [Theory]
    [InlineData(true, "/dev/vfio/7, the file of its group, is closed to this user")]
    [InlineData(false, "there is no /dev/vfio/7: inside a container, pass it in")]
    public void TheFileOfTheGroupHasToBeOpen(bool exists, string found)
    {
        AddVfioCard();
        if (exists) _machine.Close($"dev/vfio/{Group}");
        else _machine.Delete($"dev/vfio/{Group}");
        AssertFinding(Assert.Single(Examine(Card).Cards), "group", Verdict.Problem, found,
            exists ? $"sudo chown {Environment.UserName} /dev/vfio/{Group}" : null);
    }

    [Fact]
    public void ACardOfVfioWithoutAnIommuIsToBeUnbound()
    {
        _sysfs.Add(Card);
        _kernel.AddDrivers("vfio-pci");
        _kernel.Hold(Card, "vfio-pci");
        AssertFinding(Assert.Single(Examine(Card).Cards), "IOMMU", Verdict.Problem, "behind no IOMMU",
            $"sudo ixy bind {Card} --driver none");
    }

    [Fact]
    public void WhatOpeningFindsIsAProblem()
    {
        AddVfioCard();
        _try = _ => throw new VfioUnavailableException("no");
        var card = Assert.Single(Examine(Card).Cards);
        AssertFinding(card, "open", Verdict.Problem, "no", null);
        Assert.False(card.IsReady);
        _try = _ => throw new FeatureNotOfferedException("around");
        AssertFinding(Assert.Single(Examine(Card).Cards), "open", Verdict.Problem, "around",
            $"sudo ixy bind {Card} --driver none");
    }

    [Theory]
    [InlineData("1", "10000", Verdict.Ok, "ixytest0 has a link partner, 10000 Mbit/s")]
    [InlineData("1", "-1", Verdict.Ok, "ixytest0 has a link partner")]
    [InlineData("0", "-1", Verdict.Note, "ixytest0 is up and has no link partner")]
    [InlineData(null, null, Verdict.Ok, "ixytest0 is down, so the kernel does not look")]
    public void TheLinkPartnerIsReadWhereTheKernelDrivesTheCard(
        string? carrier, string? speed, Verdict verdict, string found)
    {
        _sysfs.Add(Card);
        _kernel.Hold(Card, "e1000e");
        _sysfs.AddInterface(Card, "ixytest0", flags: 0);
        string directory = Path.Combine(_sysfs.Root, Card, "net", "ixytest0");
        if (carrier is not null) File.WriteAllText(Path.Combine(directory, "carrier"), $"{carrier}\n");
        if (speed is not null) File.WriteAllText(Path.Combine(directory, "speed"), $"{speed}\n");
        var link = Assert.Single(Examine(Card).Cards).Findings.Single(finding => finding.Check == "link");
        Assert.Equal((verdict, true), (link.Verdict, link.Text.StartsWith(found, StringComparison.Ordinal)));
        if (speed == "-1") Assert.DoesNotContain("Mbit/s", link.Text);
    }

    [Fact]
    public void HugePagesShouldBeOnTheCardsNode()
    {
        AddVfioCard();
        File.WriteAllText(Path.Combine(_sysfs.Root, Card, "numa_node"), "1\n");
        _machine.Write(FakeMachine.Nodes, "0-1");
        _machine.Write("sys/devices/system/node/node1/cpulist", "4-7");
        _machine.SetHugePages(node: 1, total: 9, free: 2);
        var report = Examine(Card);
        AssertFinding(report, "NUMA", Verdict.Ok, "node 0: cores 0-3; node 1: cores 4-7", null);
        AssertFinding(report.Cards[0], "node", Verdict.Note, "1, where 2 huge pages are free",
            "sudo ixy hugepages --reserve 71 --node 1");
        Assert.True(report.IsReady);
        _machine.SetHugePages(node: 1, total: 71, free: 64);
        AssertFinding(Examine(Card).Cards[0], "node", Verdict.Ok, "1", null);
    }

    [Fact]
    public void ACardWithoutADriverHereIsAProblemOnlyIfItIsNamed()
    {
        _sysfs.Add(Card, deviceId: 0x10D3);
        AssertFinding(Assert.Single(Examine(Card).Cards), "card", Verdict.Problem, "there is no driver for it", null);
        Assert.False(Examine(Card).IsReady);
        AssertFinding(Assert.Single(Examine().Cards), "card", Verdict.Note, "there is no driver for it", null);
        // Simulated cards remain.
        Assert.True(Examine().IsReady);
    }

    [Fact]
    public void OneReadyCardOfSeveralIsEnough()
    {
        AddVfioCard();
        _sysfs.Add(Other);
        _kernel.Hold(Other, "e1000e");
        Assert.True(Examine().IsReady);
        Assert.Equal([true, false], Examine().Cards.Select(card => card.IsReady));
        Assert.False(Examine(Other).IsReady);
        _kernel.Hold(Card, "e1000e");
        Assert.False(Examine().IsReady);
    }

    [Fact]
    public void AMachineWithoutCardsHasSimulatedOnes()
    {
        var report = Examine();
        Assert.Empty(report.Cards);
        Assert.True(report.IsReady);
    }

    [Fact]
    public void WhatIsNoNetworkCardIsNotExamined()
    {
        _sysfs.Add(Card, classCode: 0x010600);
        Assert.Contains("is not a network card: its PCI class is 010600",
            Assert.Throws<PciDeviceException>(() => Examine(Card)).Message);
        Assert.Throws<DeviceNotFoundException>(() => Examine(Other));
    }

    // A legacy device, one that the kernel's driver has queried, and one that only a driver can query.
    [Theory]
    [InlineData(0x1000, null, false, CardAccess.Sysfs, true)]
    [InlineData(0x1041, '0', false, CardAccess.Sysfs, false)]
    [InlineData(0x1041, '1', false, CardAccess.Vfio, false)]
    [InlineData(0x1041, null, false, CardAccess.Sysfs, true)]
    [InlineData(0x1041, null, true, CardAccess.Vfio, false)]
    public void VirtioMayGoAroundTheIommu(int id, char? platform, bool isBlocked, CardAccess access, bool isReady)
    {
        string directory = _sysfs.Add(Card, deviceId: (ushort)id);
        File.WriteAllText(Path.Combine(directory, "vendor"), "0x1af4\n");
        AddGroup("DMA");
        if (platform is not null)
        {
            _kernel.Hold(Card, "virtio-pci");
            Directory.CreateDirectory(Path.Combine(directory, "virtio3"));
            File.WriteAllText(Path.Combine(directory, "virtio3", "features"), $"{new string('0', 33)}{platform}0\n");
        }
        _try = _ =>
        {
            if (isBlocked) throw new IommuTranslatesException("blocked");
        };
        var card = Assert.Single(Examine(Card).Cards);
        Assert.Equal((access, isReady), (card.Access, card.IsReady));
        if (isBlocked) AssertFinding(card, "IOMMU", Verdict.Problem, "no packet would pass", $"sudo ixy bind {Card}");
    }

    public void Dispose()
    {
        _machine.Dispose();
        _sysfs.Dispose();
    }

    private void AddVfioCard()
    {
        _sysfs.Add(Card);
        AddGroup("DMA-FQ");
        _kernel.AddDrivers("vfio-pci");
        _kernel.Hold(Card, "vfio-pci");
        _machine.Write($"dev/vfio/{Group}", "");
    }

    private void AddGroup(string type)
    {
        _sysfs.AddGroup(Group, Card);
        _sysfs.SetGroupType(Group, type);
    }

    private void Break(string what)
    {
        switch (what)
        {
            case "no vfio_pci": _machine.Delete(FakeMachine.VfioPci); break;
            case "no type1": _machine.Delete(FakeMachine.Type1); break;
            case "no remapping": _machine.Write(FakeMachine.Interrupts, "  1:   9   IO-APIC   1-edge   i8042"); break;
            case "no container": _machine.Delete(FakeMachine.Container); break;
            case "closed container": _machine.Close(FakeMachine.Container); break;
            case "no pages": _machine.SetHugePages(node: 0, total: 64, free: 15); break;
            case "no huge pages": _machine.Delete("sys/devices/system/node/node0/hugepages"); break;
            case "locked down": _machine.Write(FakeMachine.Lockdown, "none [integrity] confidentiality"); break;
            case "user": _machine.BeUser(root: false); break;
            case "low limit":
                _machine.BeUser(root: false);
                _machine.SetLockedLimit("1048576");
                break;
            default: throw new ArgumentException(what);
        }
    }

    private DoctorReport Examine(string? address = null)
    {
        PciAddress? card = address is not null && PciAddress.TryParse(address, out var parsed) ? parsed : null;
        return new Examiner(
            _kernel, _machine.Files, new() { FindDriver = NetworkDevice.FindDriver, Try = _try }).Examine(card);
    }

    private static void AssertFinding(DoctorReport report, string check, Verdict verdict, string text, string? cure) =>
        AssertFinding(report.Findings, check, verdict, text, cure);

    private static void AssertFinding(ExaminedCard card, string check, Verdict verdict, string text, string? cure) =>
        AssertFinding(card.Findings, check, verdict, text, cure);

    private static void AssertFinding(
        IReadOnlyList<Finding> findings, string check, Verdict verdict, string text, string? cure)
    {
        var finding = Assert.Single(findings, finding => finding.Check == check);
        Assert.Contains(text, finding.Text);
        Assert.Equal((verdict, cure), (finding.Verdict, finding.Cure));
    }
}
