using System.Text.Json;
using Ixy.Cli.Tests.Output;

namespace Ixy.Vm.Tests;

/// <summary>
/// <c>ixy list</c>, <c>ixy bind</c> and <c>ixy unbind</c> on a real kernel, with its own drivers for the cards.
/// </summary>
[Collection(GuestCollection.Name)]
public sealed class BindTests(GuestPool guests)
{
    private const int LockedMiB = 128;
    private static readonly string s_e1000e = GuestMachine.Address(IommuMachine.E1000e);
    private static readonly GuestMachine s_bare = new("nothing but a processor");

    [SkippableFact]
    public void TheListHasEveryCardOfTheMachineAndNothingElse()
    {
        var guest = guests.Get(IommuMachine.Machine);
        guest.LoadModules("e1000e");
        guest.BindTo("e1000e", s_e1000e);
        var cards = List(guest);
        Assert.Equal(
            [.. Enumerable.Range(IommuMachine.Virtio, IommuMachine.E1000e + 1).Select(GuestMachine.Address),
                IommuMachine.SharedE1000eAddress, IommuMachine.ResettableAddress],
            cards.Keys);
        var virtio = cards[GuestMachine.Address(IommuMachine.Virtio)];
        Assert.Equal(
            ("1af4", "1041", "virtio-net"),
            (Text(virtio, "vendorId"), Text(virtio, "deviceId"), Text(virtio, "ixyDriver")));
        Assert.Equal(JsonValueKind.Number, virtio.GetProperty("iommuGroup").ValueKind);
        var e1000e = cards[s_e1000e];
        Assert.Equal(
            ("8086", "10d3", "e1000e", null),
            (Text(e1000e, "vendorId"), Text(e1000e, "deviceId"), Text(e1000e, "kernelDriver"),
            Text(e1000e, "ixyDriver")));
        var network = Assert.Single(e1000e.GetProperty("interfaces").EnumerateArray());
        Assert.Equal(
            (InterfaceOf(guest, s_e1000e), GuestMachine.MacAddress(IommuMachine.E1000e)),
            (Text(network, "name"), Text(network, "mac")));
        string table = guest.Run("su user -c 'ixy list'").Succeeded();
        Assert.Matches($@"(?m)^{s_e1000e}  8086:10d3 +e1000e +\w+ {GuestMachine.MacAddress(IommuMachine.E1000e)} +\d+ DMA(-FQ)? +- +- +-$", table);
    }

    [SkippableFact]
    public void AMachineWithoutCardsSaysSo()
    {
        var guest = guests.Get(s_bare);
        Assert.Equal(
            "this machine has no network card on its PCI bus; 'ixy fwd --help' names simulated ones\n",
            guest.Run("ixy list").Succeeded());
        Assert.Empty(List(guest));
        var result = guest.Run("ixy bind 0000:00:10.0");
        Assert.Equal(
            (1, "ixy: there is no PCI function 0000:00:10.0: 'ls /sys/bus/pci/devices' shows those there are\n"),
            (result.ExitCode, result.Error));
    }

    [SkippableFact]
    public void AnE1000eGoesToVfioAndComesBackToLife()
    {
        var guest = guests.Get(IommuMachine.Machine);
        string before = GiveToKernel(guest, s_e1000e, "e1000e", "e1000e");
        PassFrames(guest, IommuMachine.E1000e);
        SetDown(guest, before);

        guest.Run("modprobe -r vfio-pci vfio_iommu_type1 vfio; [ ! -e /sys/bus/pci/drivers/vfio-pci ]").Succeeded();
        string bound = guest.Run($"ixy bind {s_e1000e}").Succeeded();
        Assert.Contains("loaded into the kernel: vfio-pci, vfio_iommu_type1", bound);
        Assert.Contains($"{s_e1000e} is bound to vfio-pci now, before to e1000e", bound);
        Assert.Contains($"'sudo ixy unbind {s_e1000e}' gives it back to e1000e", bound);
        Assert.Equal("vfio-pci", DriverOf(guest, s_e1000e));
        ProbeFacts.RunAsRoot(guest, $"e1000e {s_e1000e}").AssertAll(("device", "8086:10d3"), ("done", "e1000e"));
        Assert.Equal($"{s_e1000e} is bound to vfio-pci, as it was\n", guest.Run($"ixy bind {s_e1000e}").Succeeded());

        var back = Json(guest, $"ixy unbind {s_e1000e} --json");
        Assert.Equal(
            ("vfio-pci", "e1000e", true),
            (Text(back, "before"), Text(back, "after"), back.GetProperty("changed").GetBoolean()));
        Assert.Equal(("e1000e", "(null)"), (DriverOf(guest, s_e1000e), OverrideOf(guest, s_e1000e)));
        PassFrames(guest, IommuMachine.E1000e);
        Assert.Contains(
            "as it was", guest.Run($"ip link set {InterfaceOf(guest, s_e1000e)} down; ixy unbind {s_e1000e}")
            .Succeeded());
    }

    // At boot, udev applies its rules to every function. A guest's root is in memory, and a real reboot would lose the
    // files, so udev is started while the guest runs. Modules are loaded first, since udev's loader needs an index that
    // the image lacks.
    [SkippableFact]
    public void WhatIsBoundToStayIsBoundAgainByUdev()
    {
        var guest = guests.Get(IommuMachine.Machine);
        Skip.If(guest.Run("command -v udevadm").ExitCode != 0, "udevadm is not installed (apt install udev)");
        SetDown(guest, GiveToKernel(guest, s_e1000e, "e1000e", "e1000e"));
        try
        {
            BindToStay(guest);
        }
        finally
        {
            guest.Run("rm -rf /etc/driverctl.d /etc/udev/rules.d/10-ixy-drivers.rules");
        }
    }

    private static void BindToStay(Guest guest)
    {
        // If the setting cannot be saved, the card is bound nevertheless.
        Assert.Contains(
            $"{s_e1000e} is bound to vfio-pci now, but nothing was changed for the next start: ",
            RefusalOf(guest, $"touch /etc/driverctl.d; ixy bind {s_e1000e} --persist"));
        Assert.Contains(
            $"after a restart it is bound to vfio-pci, too; 'sudo ixy unbind {s_e1000e} --persist' undoes both",
            guest.Run($"rm /etc/driverctl.d; ixy bind {s_e1000e} --persist").Succeeded());
        Assert.Equal("vfio-pci\n", guest.Run($"cat /etc/driverctl.d/pci-{s_e1000e}").Succeeded());
        Assert.Contains(
            "after a restart it is bound to vfio-pci again", guest.Run($"ixy unbind {s_e1000e}").Succeeded());
        SetDown(guest, InterfaceOf(guest, s_e1000e));
        Assert.Equal("e1000e", DriverOf(guest, s_e1000e));

        Replug(guest, s_e1000e);
        Assert.Equal(("vfio-pci", "vfio-pci"), (DriverOf(guest, s_e1000e), OverrideOf(guest, s_e1000e)));
        ProbeFacts.RunAsRoot(guest, $"e1000e {s_e1000e}").AssertAll(("device", "8086:10d3"), ("done", "e1000e"));
        // Another event disturbs nothing: each binding would create the driver link anew, with another inode.
        string link = $"stat -c %i /sys/bus/pci/devices/{s_e1000e}/driver", before = guest.Run(link).Succeeded();
        Replug(guest, s_e1000e);
        Assert.Equal(("vfio-pci", before), (DriverOf(guest, s_e1000e), guest.Run(link).Succeeded()));

        // Nor does a file for a device that is not a network card, whoever wrote it.
        string edu = GuestMachine.Address(IommuMachine.Edu);
        guest.Unbind(edu);
        guest.Run($"echo vfio-pci > /etc/driverctl.d/pci-{edu}").Succeeded();
        Replug(guest, edu);
        Assert.Equal("", DriverOf(guest, edu));
        guest.Run($"rm /etc/driverctl.d/pci-{edu}").Succeeded();

        var back = Json(guest, $"ixy unbind {s_e1000e} --persist --json");
        Assert.Equal(("e1000e", null), (Text(back, "after"), Text(back, "atStart")));
        Assert.Equal("", guest.Run("find /etc/driverctl.d /etc/udev/rules.d -type f").Output);
        SetDown(guest, InterfaceOf(guest, s_e1000e));
        Replug(guest, s_e1000e);
        Assert.Equal("e1000e", DriverOf(guest, s_e1000e));
    }

    [SkippableFact]
    public void ACardThatIsGoneOrInUseIsForgotten()
    {
        const string Gone = "0000:00:1e.0", Note = $"mkdir -p /etc/driverctl.d; echo vfio-pci > /etc/driverctl.d/pci-";
        var guest = guests.Get(IommuMachine.Machine);
        string name = GiveToKernel(guest, s_e1000e, "e1000e", "e1000e");
        SetDown(guest, name);
        try
        {
            Assert.Equal(
                $"{Gone} has no card; it gets no driver at the start of the machine any more\n",
                guest.Run($"{Note}{Gone}; ixy unbind {Gone} --persist").Succeeded());
            Assert.Contains("there is no PCI function", RefusalOf(guest, $"ixy unbind {Gone} --persist"));
            var gone = Json(guest, $"{Note}{Gone}; ixy unbind {Gone} --persist --json");
            Assert.Equal((null, null), (Text(gone, "after"), Text(gone, "atStart")));

            var kept = Json(guest, $"ixy bind {s_e1000e} --persist --json");
            Assert.Equal(("vfio-pci", "vfio-pci"), (Text(kept, "after"), Text(kept, "atStart")));
            using (var user = guest.Start($"exec 3<> /dev/vfio/{GroupOf(guest)}; echo open; exec sleep 1000"))
            {
                user.WaitFor("open");
                string refusal = RefusalOf(guest, $"ixy unbind {s_e1000e} --persist");
                Assert.Contains("is driven by", refusal);
                Assert.EndsWith("; it is forgotten for the next start", refusal);
                user.Signal("KILL");
                user.Wait();
            }
            Assert.Equal("vfio-pci", DriverOf(guest, s_e1000e));
            Assert.Equal(
                $"{s_e1000e} is bound to e1000e now, before to vfio-pci\n",
                guest.Run($"ixy unbind {s_e1000e}").Succeeded());
        }
        finally
        {
            guest.Run("rm -rf /etc/driverctl.d /etc/udev/rules.d/10-ixy-drivers.rules");
        }

        static string GroupOf(Guest guest) =>
            guest.Run($"basename $(readlink /sys/bus/pci/devices/{s_e1000e}/iommu_group)").Succeeded().Trim();
    }

    [SkippableFact]
    public void VirtioCardsForwardBetweenTwoLivesOfTheKernelsDriver()
    {
        var guest = guests.Get(IommuMachine.Machine);
        int[] devices = [IommuMachine.Virtio, IommuMachine.Virtio + 1];
        foreach (int device in devices)
        {
            SetDown(guest, GiveToKernel(guest, GuestMachine.Address(device), "virtio-pci", "virtio_pci", "virtio_net"));
            var bound = Json(guest, $"ixy bind {GuestMachine.Address(device)} --json");
            Assert.Equal(("virtio-pci", "vfio-pci"), (Text(bound, "before"), Text(bound, "after")));
            guest.Run($"chown {GuestSetup.User} /dev/vfio/{bound.GetProperty("iommuGroup")}").Succeeded();
        }
        using (var forwarder = Forwarder.Start(guest, IommuMachine.Virtio, LockedMiB))
        {
            string address = GuestMachine.Address(IommuMachine.Virtio);
            Assert.Matches(@"^driven by .+ \(process \d+\)$", Text(List(guest)[address], "use"));
            // Without the check, the kernel would let it wait until the forwarder ends.
            var refused = guest.Run($"ixy unbind {address} --force", TimeSpan.FromSeconds(20));
            Assert.Matches($@"^ixy: {address} is driven by .+ \(process \d+\): end that first\n$", refused.Error);
            new Exchange(guest.Port(devices[0]), guest.Port(devices[1]), new() { Frames = 1000 }).RunFaultless();
            forwarder.Interrupt();
        }
        foreach (int device in devices)
        {
            guest.Run($"ixy unbind {GuestMachine.Address(device)}").Succeeded();
            Assert.Equal("virtio-pci", DriverOf(guest, GuestMachine.Address(device)));
            PassFrames(guest, device);
            guest.Unbind(GuestMachine.Address(device));
        }
    }

    [SkippableFact]
    public void WithoutAnIommuACardIsBoundToNothingAndForwards()
    {
        var guest = guests.Get(PlainMachine.Machine);
        int[] devices = [PlainMachine.Modern, PlainMachine.Modern + 1];
        foreach (int device in devices)
        {
            string address = GuestMachine.Address(device);
            SetDown(guest, GiveToKernel(guest, address, "virtio-pci", "virtio_pci", "virtio_net"));
            Assert.Contains($"{address} is behind no IOMMU", RefusalOf(guest, $"ixy bind {address}"));
            Assert.Contains(
                $"{address} is bound to no driver now, before to virtio-pci",
                guest.Run($"ixy bind {address} --driver none").Succeeded());
        }
        guest.Run("ixy hugepages --reserve 64").Succeeded();
        using (var forwarder = Forwarder.Start(guest, PlainMachine.Modern, lockedMiB: null))
        {
            Assert.Contains(
                "is driven by", RefusalOf(guest, $"ixy unbind {GuestMachine.Address(PlainMachine.Modern)}"));
            new Exchange(guest.Port(devices[0]), guest.Port(devices[1]), new() { Frames = 1000 }).RunFaultless();
            forwarder.Interrupt();
        }
        foreach (int device in devices)
        {
            guest.Run($"ixy unbind {GuestMachine.Address(device)}").Succeeded();
            PassFrames(guest, device);
            guest.Unbind(GuestMachine.Address(device));
        }
        guest.Run("ixy hugepages --reserve 0").Succeeded();
    }

    [SkippableFact]
    public void ACardInUseIsRefusedUnlessForced()
    {
        var guest = guests.Get(IommuMachine.Machine);
        string name = GiveToKernel(guest, s_e1000e, "e1000e", "e1000e", "bridge");
        SetDown(guest, name);
        string[][] uses =
        [
            // A command that puts it to use, the message, and a command that undoes the use.
            [$"ip address add 10.9.8.7/24 dev {name}", "has the address 10.9.8.7", $"ip address flush dev {name}"],
            [$"ip link set {name} up", "is up", $"ip link set {name} down"],
            [$"ip link set {name} up; ip route add 10.7.0.0/16 dev {name}", "carries the route to 10.7.0.0",
                $"ip link set {name} down"],
            [$"ip link set {name} up; ip route add default dev {name}", "carries the default route",
                $"ip link set {name} down"],
            [$"brctl addbr br9; brctl addif br9 {name}", "is a port of br9",
                $"brctl delif br9 {name}; brctl delbr br9"],
        ];
        // Otherwise a link-local address would appear sooner or later.
        guest.Run($"[ ! -e /proc/sys/net/ipv6 ] || echo 1 > /proc/sys/net/ipv6/conf/{name}/disable_ipv6").Succeeded();
        foreach (string[] use in uses)
        {
            guest.Run(use[0]).Succeeded();
            Assert.Contains(
                $"{s_e1000e} is the network interface {name}, which {use[1]}, so unbinding",
                RefusalOf(guest, $"ixy bind {s_e1000e}"));
            Assert.Equal($"{name} {use[1]}", Text(List(guest)[s_e1000e], "use"));
            Assert.Equal(("e1000e", "(null)"), (DriverOf(guest, s_e1000e), OverrideOf(guest, s_e1000e)));
            guest.Run(use[2]).Succeeded();
        }
        guest.Run(uses[0][0]).Succeeded();
        Assert.Contains("is bound to vfio-pci now", guest.Run($"ixy bind {s_e1000e} --force").Succeeded());
        guest.Run($"ixy unbind {s_e1000e}").Succeeded();
        Assert.Equal("e1000e", DriverOf(guest, s_e1000e));
    }

    [SkippableFact]
    public void ACardWhoseInterfaceIsInAnotherNetworkNamespaceIsRefused()
    {
        var guest = guests.Get(IommuMachine.Machine);
        string name = GiveToKernel(guest, s_e1000e, "e1000e", "e1000e");
        using var container = guest.Start("exec unshare -n sh -c 'echo process $$; exec sleep 1000'");
        container.WaitFor("process");
        guest.Run($"ip link set {name} netns {container.Output.Split(' ')[1].Trim()}").Succeeded();
        Assert.Contains("in another network namespace", RefusalOf(guest, $"ixy bind {s_e1000e}"));
        container.Signal("KILL");
        container.Wait();
        // The interface returns when the namespace ends.
        guest.Run($"until ls /sys/bus/pci/devices/{s_e1000e}/net/*; do sleep 0.1; done").Succeeded();
    }

    [SkippableTheory]
    [InlineData("--force")]
    [InlineData("--force --driver none")]
    public void WhatIsNoNetworkCardIsNeverTouched(string options)
    {
        var guest = guests.Get(IommuMachine.Machine);
        string edu = GuestMachine.Address(IommuMachine.Edu);
        guest.BindToVfio(edu);
        Assert.Contains(
            $"{edu} is not a network card: its PCI class is 00ff00", RefusalOf(guest, $"ixy bind {edu} {options}"));
        Assert.Contains("is not a network card", RefusalOf(guest, $"ixy unbind {edu} --force"));
        // What somebody saved with driverctl is theirs.
        string note = $"/etc/driverctl.d/pci-{edu}";
        guest.Run($"mkdir -p /etc/driverctl.d; echo vfio-pci > {note}").Succeeded();
        Assert.Contains("is not a network card", RefusalOf(guest, $"ixy unbind {edu} --force --persist"));
        Assert.Equal("vfio-pci\n", guest.Run($"cat {note}; rm -rf /etc/driverctl.d").Output);
        Assert.Equal("vfio-pci", DriverOf(guest, edu));
    }

    [SkippableFact]
    public void ADriverThatDoesNotTakeTheCardLeavesItToTheOldOne()
    {
        var guest = guests.Get(IommuMachine.Machine);
        string name = GiveToKernel(guest, s_e1000e, "e1000e", "e1000e", "virtio_pci");
        SetDown(guest, name);
        string error = RefusalOf(guest, $"ixy bind {s_e1000e} --driver virtio-pci");
        Assert.Contains($"the kernel driver virtio-pci does not take {s_e1000e}", error);
        Assert.Contains("is bound to e1000e again", error);
        Assert.Equal(("e1000e", "(null)"), (DriverOf(guest, s_e1000e), OverrideOf(guest, s_e1000e)));
        Assert.Contains(
            "the kernel module ixy_none cannot be loaded", RefusalOf(guest, $"ixy bind {s_e1000e} --driver ixy_none"));
        Assert.Contains("is not a driver for PCI", RefusalOf(guest, $"ixy bind {s_e1000e} --driver bridge"));
        Assert.Equal("", guest.Run("ls /run/ixy/drivers").Output);
        PassFrames(guest, IommuMachine.E1000e);
        SetDown(guest, InterfaceOf(guest, s_e1000e));
    }

    [SkippableFact]
    public void AnotherOfTheGroupThatTheKernelDrivesIsWarnedOf()
    {
        var guest = guests.Get(SharedGroupMachine.Machine);
        guest.LoadModules("e1000e"); // which drives both
        var first = Json(guest, $"ixy bind {SharedGroupMachine.First} --json");
        string warning = Assert.Single(first.GetProperty("warnings").EnumerateArray()).GetString()!;
        Assert.Contains($"{SharedGroupMachine.First} shares IOMMU group ", warning);
        Assert.Contains($"with {SharedGroupMachine.Second}, which the kernel drives (e1000e)", warning);
        ProbeFacts.RunAsRoot(guest, $"open {SharedGroupMachine.First}").AssertError("GroupNotViableException");
        // The suggested command as printed, but without sudo, which the guest lacks. The bridge above both may keep its
        // driver.
        var second = guest.Run(warning.Split('\'')[1].Replace("sudo ", ""));
        Assert.Equal(("", 0), (second.Error, second.ExitCode));
        ProbeFacts.RunAsRoot(guest, $"open {SharedGroupMachine.First} {SharedGroupMachine.Second}")
            .AssertAll(("done", "open"));
        Assert.Empty(
            Json(guest, $"ixy bind {SharedGroupMachine.First} --json").GetProperty("warnings").EnumerateArray());
    }

    [SkippableFact]
    public void OnlyRootChangesDrivers()
    {
        var guest = guests.Get(IommuMachine.Machine);
        SetDown(guest, GiveToKernel(guest, s_e1000e, "e1000e", "e1000e"));
        Assert.Contains("needs root: run it with sudo", RefusalOf(guest, $"su user -c 'ixy bind {s_e1000e}'"));
        Assert.Contains("needs root: run it with sudo", RefusalOf(guest, "su user -c 'ixy hugepages --reserve 8'"));
        Assert.Equal("e1000e", DriverOf(guest, s_e1000e));
    }

    // Binds a card to the kernel's driver. Returns the name of its interface.
    private static string GiveToKernel(Guest guest, string address, string driver, params string[] modules)
    {
        guest.LoadModules(modules);
        guest.BindTo(driver, address);
        // As after the kernel's own choice of driver.
        guest.Run($"echo > /sys/bus/pci/devices/{address}/driver_override; rm -rf /run/ixy").Succeeded();
        return InterfaceOf(guest, address);
    }

    // The card sends one frame to the host, and receives one from it.
    private static void PassFrames(Guest guest, int device)
    {
        string name = InterfaceOf(guest, GuestMachine.Address(device));
        guest.Run($"ip address add 10.9.{device}.1/24 dev {name}; ip link set {name} up; until [ $(cat "
            + $"/sys/class/net/{name}/carrier) = 1 ]; do sleep 0.1; done").Succeeded();
        var port = guest.Port(device);
        port.Drain();
        guest.Run($"arping -c 1 -w 1 -I {name} 10.9.{device}.2");
        byte[] frame = new byte[EthernetPort.LongestFrame];
        byte[] mac = [.. GuestMachine.MacAddress(device).Split(':').Select(part => Convert.ToByte(part, 16))];
        bool found = false;
        while (!found && port.TryReceive(frame) > 0)
            found = frame.AsSpan(6, 6).SequenceEqual(mac) && frame is [.., _] && frame[12] == 8 && frame[13] == 6;
        Assert.True(found, "no ARP request came out of the card");
        string counter = $"cat /sys/class/net/{name}/statistics/rx_packets";
        int before = int.Parse(guest.Run(counter).Succeeded());
        // An EtherType for experiments.
        byte[] broadcast = [255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 0x88, 0xB5, .. new byte[46]];
        Assert.True(port.TrySend(broadcast));
        guest.Run($"i=0; until [ $({counter}) -gt {before} ] || [ $i = 50 ]; do i=$((i+1)); sleep 0.1; done")
            .Succeeded();
        Assert.True(int.Parse(guest.Run(counter).Succeeded()) > before, "no frame came into the card");
    }

    // As udev learns of a function at boot.
    private static void Replug(Guest guest, string address) => guest.Run($"""
        ln -sf $(command -v udevadm) /run/systemd-udevd
        /run/systemd-udevd --daemon --resolve-names=never
        udevadm trigger --action=add --subsystem-match=pci --sysname-match={address}
        udevadm settle --timeout=60
        settled=$?
        udevadm control --exit
        exit $settled
        """).Succeeded();

    private static void SetDown(Guest guest, string name) =>
        guest.Run($"ip address flush dev {name}; ip link set {name} down").Succeeded();

    private static Dictionary<string, JsonElement> List(Guest guest) =>
        Json(guest, "ixy list --json").GetProperty("devices").EnumerateArray()
        .ToDictionary(device => Text(device, "address")!);

    private static JsonElement Json(Guest guest, string command) =>
        JsonSchemas.Checked(guest.Run(command).Succeeded());

    // The single line of its refusal.
    private static string RefusalOf(Guest guest, string command)
    {
        var result = guest.Run(command);
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        string line = Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("ixy: ", line);
        return line;
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static string InterfaceOf(Guest guest, string address) =>
        guest.Run($"cd /sys/bus/pci/devices/{address}; ls -d net/* virtio*/net/* 2> /dev/null | xargs basename")
        .Succeeded().Trim();

    private static string DriverOf(Guest guest, string address) =>
        guest.Run($"basename $(readlink /sys/bus/pci/devices/{address}/driver)").Output.Trim();

    private static string OverrideOf(Guest guest, string address) =>
        guest.Run($"cat /sys/bus/pci/devices/{address}/driver_override").Succeeded().Trim();
}
