using System.Text.Json;
using Ixy.Cli.Tests.Output;

namespace Ixy.Vm.Tests;

/// <summary>
/// <c>ixy doctor</c> on real kernels: what it finds, and its suggested commands run as printed; after them nothing is
/// left to complain about, and <c>ixy fwd</c> runs.
/// </summary>
[Collection(GuestCollection.Name)]
public sealed class DoctorTests(GuestPool guests)
{
    private const int EnoughLockedMiB = 128;

    private static readonly string s_virtio = GuestMachine.Address(IommuMachine.Virtio),
        s_otherVirtio = GuestMachine.Address(IommuMachine.Virtio + 1);

    [SkippableFact]
    public void WithoutAnIommuOrHugePages()
    {
        var guest = guests.Get(PlainMachine.Machine);
        string left = GuestMachine.Address(PlainMachine.Modern), right = GuestMachine.Address(PlainMachine.Modern + 1);
        guest.SetHugePages(0);
        GiveToKernel(guest, left);
        GiveToKernel(guest, right);
        var report = Examine(guest, left, exitCode: 1);
        Assert.Equal("off", report.GetProperty("machine").GetProperty("iommu").GetString());
        AssertFinding(report, "IOMMU", "note", "through sysfs only, as root", null);
        AssertFinding(report, "VFIO", "ok", "of no use without an IOMMU", null);
        AssertFinding(report, "huge pages", "problem", "expected 16 free ones of 2 MiB",
            "sudo ixy hugepages --reserve 64");
        AssertFinding(report, "driver", "problem", "the kernel has it (virtio-pci)",
            $"sudo ixy bind {left} --driver none");
        RunCures(guest, report);
        RunCures(guest, Examine(guest, right, exitCode: 1));
        AssertClean(Examine(guest, left), "sysfs");
        AssertClean(Examine(guest), "sysfs", left, right);
        Forward(guest, left, right);
        // Only root has these rights.
        AssertFinding(Examine(guest, left, exitCode: 1, asUser: true), "rights", "problem", "not root",
            $"sudo ixy doctor {left}");
        guest.SetHugePages(0);
        var hungry = Examine(guest, left, exitCode: 1);
        AssertIs(Assert.Single(Problems(hungry)), "huge pages", "problem", "0 of 0 free of 2 MiB",
            "sudo ixy hugepages --reserve 64");
        RunCures(guest, hungry);
        AssertClean(Examine(guest, left), "sysfs");
        guest.SetHugePages(0);
    }

    // With this project's cards, as QEMU's are virtio only.
    [SkippableFact]
    public void BehindAnIommuThatLetsPhysicalAddressesPass()
    {
        var guest = guests.Get(SimulatedCardsMachine.Machine);
        string left = GuestMachine.Address(SimulatedCardsMachine.Ixgbe),
            right = GuestMachine.Address(SimulatedCardsMachine.Ixgbe + 1);
        guest.Unbind(left);
        guest.Unbind(right);
        guest.SetHugePages(0);
        var report = Examine(guest, left, exitCode: 1);
        Assert.Equal("passthrough", report.GetProperty("machine").GetProperty("iommu").GetString());
        Assert.Equal("huge pages", Text(Assert.Single(Problems(report)), "check"));
        AssertFinding(report, "IOMMU", "ok", "group ", null, isOfCard: true);
        RunCures(guest, report);
        AssertClean(Examine(guest, left), "sysfs");
        Forward(guest, left, right);
        guest.SetHugePages(0);
        // Through VFIO, no huge pages are needed.
        guest.BindToVfio(left);
        AssertClean(Examine(guest, left), "vfio");
        guest.Unbind(left);
    }

    [SkippableFact]
    public void BehindAnIommuThatTranslates()
    {
        var guest = guests.Get(IommuMachine.Machine);
        guest.Run("modprobe -r vfio-pci vfio_iommu_type1 vfio; [ ! -e /dev/vfio/vfio ]").Succeeded();
        guest.Unbind(s_virtio);
        guest.Unbind(s_otherVirtio);
        guest.SetHugePages(0);
        var report = Examine(guest, s_virtio, exitCode: 1);
        Assert.Equal("translating", report.GetProperty("machine").GetProperty("iommu").GetString());
        Assert.True(report.GetProperty("machine").GetProperty("remapsInterrupts").GetBoolean());
        AssertFinding(report, "VFIO", "problem", "has not loaded vfio_pci and vfio_iommu_type1",
            "sudo modprobe -a vfio-pci vfio_iommu_type1");
        AssertFinding(report, "IOMMU", "problem", "no packet would pass", $"sudo ixy bind {s_virtio}", isOfCard: true);
        RunCures(guest, report);
        RunCures(guest, Examine(guest, s_otherVirtio, exitCode: 1));
        AssertClean(Examine(guest, s_virtio), "vfio");
        Forward(guest, s_virtio, s_otherVirtio);
    }

    // These bypass the IOMMU: sysfs can drive them, VFIO cannot.
    [SkippableFact]
    public void AVirtioCardThatGoesAroundTheIommu()
    {
        var guest = guests.Get(IommuMachine.Machine);
        guest.SetHugePages(16);
        foreach (int device in (int[])[IommuMachine.Legacy, IommuMachine.PastIommu])
        {
            string card = GuestMachine.Address(device);
            guest.Unbind(card);
            AssertClean(Examine(guest, card), "sysfs");
            guest.BindToVfio(card);
            var report = Examine(guest, card, exitCode: 1);
            Assert.Equal($"sudo ixy bind {card} --driver none", Text(Assert.Single(Problems(report)), "cure"));
            RunCures(guest, report);
            AssertClean(Examine(guest, card), "sysfs");
        }
        guest.SetHugePages(0);
    }

    // The unprivileged user, who owns the group's file but may lock too little.
    [SkippableFact]
    public void WithTooLittleMemoryToLock()
    {
        var guest = guests.Get(IommuMachine.Machine);
        Skip.If(guest.Run("command -v prlimit").ExitCode != 0, "prlimit is not installed (apt install util-linux)");
        int group = guest.BindToVfio(s_virtio);
        guest.BindToVfio(s_otherVirtio);
        guest.Run($"chown root /dev/vfio/{group}").Succeeded();
        const int LimitKiB = 1024;
        var report = Examine(guest, s_virtio, exitCode: 1, asUser: true, $"ulimit -l {LimitKiB}; ");
        Assert.Equal(LimitKiB << 10, report.GetProperty("machine").GetProperty("lockedMemoryLimit").GetInt64());
        string cure = "sudo prlimit --pid $$ --memlock=unlimited";
        AssertFinding(report, "locked memory", "problem", "at most 1,024 KiB", cure);
        AssertFinding(report, "group", "problem", $"/dev/vfio/{group}, the file of its group, is closed to this user",
            $"sudo chown user /dev/vfio/{group}");
        // A limit belongs to the shell, so the command must run in the same one.
        string cures = string.Concat(
            Problems(report).Select(finding => Text(finding, "cure")!.Replace("sudo ", "") + "; "));
        AssertClean(Examine(guest, s_virtio, exitCode: 0, asUser: true, $"ulimit -l {LimitKiB}; {cures}"), "vfio");
        guest.Run(GuestSetup.AsUser($"ixy fwd {s_virtio} {s_otherVirtio} --duration 1s", EnoughLockedMiB)).Succeeded();
    }

    [SkippableFact]
    public void WithACardInUse()
    {
        var guest = guests.Get(IommuMachine.Machine);
        guest.LoadModules("vfio-pci", "vfio_iommu_type1");
        string name = GiveToKernel(guest, s_virtio);
        guest.Run($"ip address add 10.9.0.1/24 dev {name}; ip link set {name} up; "
            + $"until [ $(cat /sys/class/net/{name}/carrier) = 1 ]; do sleep 0.1; done").Succeeded();
        // If the card is not named, it is only a note.
        var all = Examine(guest, exitCode: null);
        var mine = all.GetProperty("devices").EnumerateArray().Single(card => Text(card, "address") == s_virtio);
        Assert.Equal(("note", null), Verdict(mine, "use"));
        var report = Examine(guest, s_virtio, exitCode: 1);
        AssertFinding(report, "use", "problem", $"{name} has the address 10.9.0.1",
            $"sudo ip address flush dev {name}; sudo ip link set {name} down");
        AssertFinding(report, "link", "ok", $"{name} has a link partner", null);
        AssertFinding(report, "driver", "problem", "the kernel has it (virtio-pci)", $"sudo ixy bind {s_virtio}");
        RunCures(guest, report);
        AssertClean(Examine(guest, s_virtio), "vfio");

        // Another process drives the card.
        guest.BindToVfio(s_virtio);
        guest.BindToVfio(s_otherVirtio);
        using var forwarder = Forwarder.Start(guest, IommuMachine.Virtio, EnoughLockedMiB);
        var busy = Examine(guest, s_virtio, exitCode: 1);
        var use = Assert.Single(Problems(busy));
        Assert.Matches(@"^driven by .+ \(process \d+\)$", Text(use, "text"));
        RunCures(guest, busy);
        forwarder.WaitForReport();
        AssertClean(Examine(guest, s_virtio), "vfio");
    }

    private static JsonElement Examine(
        Guest guest, string address = "", int? exitCode = 0, bool asUser = false, string before = "")
    {
        string command = $"ixy doctor {address} --json";
        var result = guest.Run(before + (asUser ? $"su {GuestSetup.User} -c '{command}'" : command));
        Assert.True(exitCode is null || result.ExitCode == exitCode, result.ToString());
        var report = JsonSchemas.Checked(result.Output);
        Assert.Equal(result.ExitCode == 0, report.GetProperty("ready").GetBoolean());
        return report;
    }

    private static IEnumerable<JsonElement> Findings(JsonElement report) =>
        report.GetProperty("findings").EnumerateArray().Concat(
            report.GetProperty("devices").EnumerateArray()
                .SelectMany(card => card.GetProperty("findings").EnumerateArray()));

    private static IEnumerable<JsonElement> Problems(JsonElement report) =>
        Findings(report).Where(finding => Text(finding, "verdict") == "problem");

    // In the order in which they are printed, without sudo, which the guest lacks.
    private static void RunCures(Guest guest, JsonElement report)
    {
        foreach (var problem in Problems(report))
        {
            var result = guest.Run(Text(problem, "cure")!.Replace("sudo ", ""));
            Assert.True(result.ExitCode == 0, $"{problem}: {result}");
        }
    }

    private static void AssertClean(JsonElement report, string access, params string[] atLeast)
    {
        var ready = report.GetProperty("devices").EnumerateArray().Where(card => card.GetProperty("ready").GetBoolean())
            .ToList();
        Assert.NotEmpty(ready);
        Assert.All(ready, card => Assert.Equal(access, Text(card, "access")));
        Assert.All(atLeast, address => Assert.Contains(ready, card => Text(card, "address") == address));
        if (report.GetProperty("address").ValueKind != JsonValueKind.Null) Assert.Empty(Problems(report));
        Assert.All(ready, card => Assert.Equal(("ok", null), Verdict(card, "open")));
    }

    private static void AssertFinding(
        JsonElement report, string check, string verdict, string text, string? cure, bool isOfCard = false)
    {
        // There may be findings for the machine's IOMMU and for the card's.
        var found = Findings(report).Where(finding => Text(finding, "check") == check).ToList();
        Assert.NotEmpty(found);
        AssertIs(isOfCard ? found[^1] : found[0], check, verdict, text, cure);
    }

    private static void AssertIs(JsonElement finding, string check, string verdict, string text, string? cure)
    {
        Assert.Equal((check, verdict, cure), (Text(finding, "check"), Text(finding, "verdict"), Text(finding, "cure")));
        Assert.Contains(text, Text(finding, "text"));
    }

    private static (string?, string?) Verdict(JsonElement card, string check)
    {
        var finding = card.GetProperty("findings").EnumerateArray()
            .Single(finding => Text(finding, "check") == check);
        return (Text(finding, "verdict"), Text(finding, "cure"));
    }

    private static void Forward(Guest guest, string left, string right) =>
        guest.Run($"ixy fwd {left} {right} --duration 1s").Succeeded();

    // Binds a card to the kernel's driver. Returns the name of its interface.
    private static string GiveToKernel(Guest guest, string address)
    {
        guest.LoadModules("virtio_pci", "virtio_net");
        guest.BindTo("virtio-pci", address);
        guest.Run($"echo > /sys/bus/pci/devices/{address}/driver_override; rm -rf /run/ixy").Succeeded();
        string name = guest.Run($"ls /sys/bus/pci/devices/{address}/virtio*/net").Succeeded().Trim();
        guest.Run($"ip address flush dev {name}; ip link set {name} down").Succeeded();
        return name;
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
