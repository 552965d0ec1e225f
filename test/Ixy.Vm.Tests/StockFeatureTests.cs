using Xunit.Abstractions;

namespace Ixy.Vm.Tests;

/// <summary>How Linux's ixgbe uses the simulated card's other functions, and which features it must not see.</summary>
[Collection(GuestCollection.Name)]
public sealed class StockFeatureTests(GuestPool guests, ITestOutputHelper log)
{
    private const int First = SimulatedCardsMachine.Ixgbe, Second = First + 1;

    [SkippableFact]
    public void LinuxOffersNothingThatTheCardDoesNotHave()
    {
        Skip.IfNot(HostTool.Exists("ethtool"), "ethtool is not installed (apt install ethtool)");
        var guest = guests.Get(SimulatedCardsMachine.Machine);
        guest.LoadDrivers("ixgbe");
        guest.BindTo("ixgbe", GuestMachine.Address(First));
        string features = guest.Run($"ethtool -k {KernelBridge.InterfaceOf(First)}").Succeeded();
        log.WriteLine(features);
        // Linux 6.1 shows tx-fcoe-segmentation whatever the EEPROM says, but never enables FCoE.
        string[] absent = [
            "esp-hw-offload", "esp-tx-csum-hw-offload", "tx-esp-segmentation", "macsec-hw-offload", "fcoe-mtu"];
        Assert.All(absent, feature => Assert.Contains($"{feature}: off [fixed]", features));
        Assert.Contains("Supports Wake-on: d", guest.Run($"ethtool {KernelBridge.InterfaceOf(First)}").Succeeded());
        Assert.NotEqual(0, guest.Run($"ls /sys/bus/pci/devices/{GuestMachine.Address(First)}/sriov_totalvfs").ExitCode);
    }

    // Two clocks on one cable: the slave follows the master, using the cards' time stamps.
    [SkippableFact]
    public void Ptp4lFollowsAClockByTheCardsTimeStamps()
    {
        Skip.IfNot(HostTool.Exists("ptp4l"), "ptp4l is not installed (apt install linuxptp)");
        var guest = guests.Get(SimulatedCardsMachine.Machine);
        var rules = new RuleBook(guest, First, Second);
        guest.LoadDrivers("ixgbe");
        foreach (int device in (int[])[First, Second])
        {
            guest.BindTo("ixgbe", GuestMachine.Address(device));
            guest.Run($"ip link set dev {KernelBridge.InterfaceOf(device)} up").Succeeded();
        }
        using (new HostBridge((TapPort)guest.Port(First), (TapPort)guest.Port(Second)))
        {
            using var master = guest.Start(
                $"exec ptp4l {Options("master")} --priority1 1 -i {KernelBridge.InterfaceOf(First)}");
            using var slave = guest.Start($"exec ptp4l {Options("slave")} -s -i {KernelBridge.InterfaceOf(Second)}");
            slave.WaitFor("UNCALIBRATED to SLAVE");
            slave.WaitFor("master offset");
            log.WriteLine($"{master.Output}\n{slave.Output}");
            Assert.All((string[])[slave.Output, master.Output], output =>
            {
                Assert.DoesNotContain("without timestamp", output);
                Assert.DoesNotContain("timed out while polling for tx timestamp", output);
            });
        }
        Assert.DoesNotContain("Timestamp hang", guest.Run("dmesg").Succeeded());
        foreach (int device in (int[])[First, Second]) guest.Unbind(GuestMachine.Address(device));
        guest.Run("rmmod ixgbe").Succeeded();
        rules.AssertOnly(StockDriverTests.KnownOfLinux);
    }

    // Over Ethernet, so that no IP addresses are needed. An emulated machine is slow: what takes 10 ms elsewhere may
    // take a second.
    private static string Options(string name) =>
        "-2 -H -m --logSyncInterval -3 --logAnnounceInterval -2 --logMinDelayReqInterval -3 --summary_interval -3 "
        + $"--announceReceiptTimeout 20 --tx_timestamp_timeout 5000 --uds_address /run/{name}.ptp";

    // Each class in turn carries all traffic in both directions; then the classes are removed.
    [SkippableFact]
    public void LinuxPutsTrafficIntoClassesAndTakesThemAwayAgain()
    {
        Skip.IfNot(HostTool.Exists("tc"), "tc is not installed (apt install iproute2)");
        var guest = guests.Get(SimulatedCardsMachine.Machine);
        var rules = new RuleBook(guest, First, Second);
        guest.LoadModules("sch_mqprio");
        using (var bridge = KernelBridge.OfIxgbe(guest, First, Second))
        {
            var plan = new TrafficPlan { Frames = 500, Flows = 16 };
            for (int trafficClass = 0; trafficClass < 4; trafficClass++)
            {
                string map = string.Join(' ', Enumerable.Repeat(trafficClass, 16));
                SetQueueing(guest, bridge, $"add dev $name root mqprio num_tc 4 map {map} hw 1");
                new Exchange(guest.Port(First), guest.Port(Second), plan).RunFaultless();
                log.WriteLine(guest.Run($"ethtool -S {KernelBridge.InterfaceOf(First)} | grep -E 'x_queue_.*packets: [1-9]'; true").Output);
                SetQueueing(guest, bridge, "del dev $name root");
                new Exchange(guest.Port(First), guest.Port(Second), plan).RunFaultless();
            }
        }
        rules.AssertOnly(StockDriverTests.KnownOfLinux);
    }

    // The driver resets the card for each change.
    private static void SetQueueing(Guest guest, KernelBridge bridge, string command)
    {
        guest.Run($"""
            name={KernelBridge.InterfaceOf(First)}
            # The shell would take busybox's own.
            /bin/tc qdisc {command} || exit 1
            until [ $(cat /sys/class/net/$name/carrier) = 1 ] && [ $(cat /sys/class/net/$name/brport/state) = 3 ]; do sleep 0.1; done
            """).Succeeded();
        bridge.WaitUntilFramesPass();
    }
}
