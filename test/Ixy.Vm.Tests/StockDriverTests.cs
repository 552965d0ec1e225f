using Ixy.Simulation;
using Ixy.Vfio;
using Xunit.Abstractions;
using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Vm.Tests;

/// <summary>
/// Other people's drivers, unmodified, on this project's simulated cards: QEMU plugs these into the guest through
/// vfio-user sockets (docs/vfio-user.md). No part of the drivers is in this repository.
/// </summary>
[Collection(GuestCollection.Name)]
public sealed class StockDriverTests(GuestPool guests, ITestOutputHelper log)
{
    // Linux sets RS in every packet's last descriptor and WTHRESH to 1, which the datasheet advises against
    // (8.2.3.9.10). It sizes the transmit packet buffers while the arbiter runs (4.6.8), sets FCRTH when the link comes
    // up, possibly after RXEN (4.6.3.2), and changes promiscuous modes while receiving (8.2.3.7.1).
    internal static readonly string[] KnownOfLinux =
        ["report-with-threshold", "arbiter-running", "flow-control-threshold", "filters-while-receiving"];

    // DPDK clears two of the bits that are set after reset in DCA_RXCTRL, but not bit 12 (4.6.7); HTHRESH is 0
    // (8.2.3.9.10). It sets RSCACKC for LRO only, and never FCOE_WRFIX (8.2.3.8.8); it enables promiscuous mode while
    // receiving (8.2.3.7.1).
    private static readonly string[] s_knownOfDpdk =
        ["dca-bit-12", "host-threshold", "receive-dma-bits", "filters-while-receiving"];

    // An emulated machine on a busy host may stall for seconds.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [SkippableFact]
    public void LinuxIxgbeBringsTheLinkUpAndFramesPassBothWays()
    {
        const int First = SimulatedCardsMachine.Ixgbe, Second = First + 1;
        var guest = guests.Get(SimulatedCardsMachine.Machine);
        var rules = new RuleBook(guest, First, Second);
        using (KernelBridge.OfIxgbe(guest, First, Second))
        {
            Assert.Equal(
                "10000\n", guest.Run($"cat /sys/class/net/{KernelBridge.InterfaceOf(First)}/speed").Succeeded());
            // Several queues keep order only within a flow.
            var plan = new TrafficPlan { Flows = 16 };
            long[] before = Counters(guest, First);
            double rate = new Exchange(guest.Port(First), guest.Port(Second), plan).RunFaultless();
            log.WriteLine($"{rate:0} frames per second");
            Assert.Equal(
                [plan.Frames, plan.Frames, plan.TotalBytes],
                Counters(guest, First).Zip(before, (now, then) => now - then));
        }
        rules.AssertOnly(KnownOfLinux);
        log.WriteLine(guest.Run("dmesg | grep ixgbe").Output);
    }

    // Each frame's page and each ring's pages are mapped for the card by a message of their own.
    [SkippableFact]
    public void LinuxIxgbeWorksBehindAnIommuThatTranslates()
    {
        const int First = LoadMachine.Ixgbe, Second = First + 1;
        var guest = guests.Get(LoadMachine.Machine);
        var rules = new RuleBook(guest, First, Second);
        using (KernelBridge.OfIxgbe(guest, First, Second))
        {
            Assert.Contains(
                "DMA", guest.Run($"cat /sys/bus/pci/devices/{GuestMachine.Address(First)}/iommu_group/type")
                .Succeeded());
            double rate = new Exchange(guest.Port(First), guest.Port(Second), new() { Flows = 16 }).RunFaultless();
            log.WriteLine($"{rate:0} frames per second");
        }
        rules.AssertOnly(KnownOfLinux);
    }

    // Register patterns, EEPROM checksum, interrupts, frames through the MAC's internal loopback, link.
    [SkippableFact]
    public void LinuxIxgbeFindsNoFaultInItsSelfTest()
    {
        Skip.IfNot(HostTool.Exists("ethtool"), "ethtool is not installed (apt install ethtool)");
        const int Device = SimulatedCardsMachine.Ixgbe;
        var guest = guests.Get(SimulatedCardsMachine.Machine);
        guest.LoadDrivers("ixgbe");
        guest.BindTo("ixgbe", GuestMachine.Address(Device));
        guest.Run($"ip link set dev {KernelBridge.InterfaceOf(Device)} up; sleep 2").Succeeded();
        var result = guest.Run($"ethtool -t {KernelBridge.InterfaceOf(Device)} offline");
        log.WriteLine(result.Output);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("The test result is PASS", result.Output);
        string[] parts = ["Register", "Eeprom", "Interrupt", "Loopback", "Link"];
        Assert.All(parts, part => Assert.Matches($@"(?m)^{part} test +\(.*\)\s+0$", result.Output));
        // The patterns break many rules; other tests must see only their own violations.
        guests.End(guest);
    }

    [SkippableTheory]
    [InlineData(SimulatedCardsMachine.Virtio)]
    [InlineData(SimulatedCardsMachine.VirtioPacked)]
    public void LinuxVirtioNetDrivesTheSimulatedCard(int first)
    {
        var guest = guests.Get(SimulatedCardsMachine.Machine);
        var rules = new RuleBook(guest, first, first + 1);
        using (KernelBridge.OfVirtio(guest, first, first + 1))
        {
            double rate = new Exchange(guest.Port(first), guest.Port(first + 1), new()).RunFaultless();
            log.WriteLine($"{rate:0} frames per second");
        }
        rules.AssertOnly();
    }

    [SkippableFact]
    public void DpdkForwardsBetweenTwoSimulatedCards()
    {
        Skip.IfNot(HostTool.Exists("dpdk-testpmd"), "dpdk-testpmd is not installed (apt install dpdk-dev)");
        const int First = SimulatedCardsMachine.Ixgbe, Second = First + 1;
        var guest = guests.Get(SimulatedCardsMachine.Machine);
        guest.BindToVfio(GuestMachine.Address(First));
        guest.BindToVfio(GuestMachine.Address(Second));
        guest.SetHugePages(96);
        var rules = new RuleBook(guest, First, Second);
        // Twice: the second session finds what the first one left.
        for (int session = 0; session < 2; session++)
        {
            using var testpmd = guest.Start($"""
                mkdir -p /var/run
                grep -q hugetlbfs /proc/mounts || mount -t hugetlbfs none /dev/hugepages
                chmod 755 / /usr /usr/lib
                plugins=$(for plugin in /usr/lib/*/dpdk/pmds-*/*; do echo -d $plugin; done)
                exec dpdk-testpmd $plugins -l 0,1 -a {GuestMachine.Address(First)} -a {GuestMachine.Address(Second)} --no-telemetry -m 128 \
                    -- --total-num-mbufs=4096 --forward-mode=io --stats-period 1
                """);
            // From then on it forwards; earlier frames were dropped.
            testpmd.WaitFor("Port statistics");
            Assert.True(Card(guest, First).LinkIsUp && Card(guest, Second).LinkIsUp);
            double rate = new Exchange(guest.Port(First), guest.Port(Second), new()).RunFaultless();
            log.WriteLine($"{rate:0} frames per second");
            testpmd.Signal("INT");
            log.WriteLine(testpmd.Wait().Output);
        }
        rules.AssertOnly(s_knownOfDpdk);
        guest.Run("umount /dev/hugepages").Succeeded();
        guest.SetHugePages(0);
        foreach (int device in (int[])[First, Second]) guest.Unbind(GuestMachine.Address(device));
    }

    [SkippableFact]
    public void AfterQemuIsKilledInMidTrafficTheCardTakesTheNextClient()
    {
        const int First = SimulatedCardsMachine.Ixgbe, Second = First + 1;
        var guest = guests.Get(SimulatedCardsMachine.Machine);
        var card = Card(guest, First);
        using var bridge = KernelBridge.OfIxgbe(guest, First, Second);
        using var stop = new CancellationTokenSource();
        var exchange = new Exchange(guest.Port(First), guest.Port(Second), new() { Frames = int.MaxValue, Flows = 16 });
        long before = Card(guest, Second).WireStatistics.Received;
        var traffic = Task.Run(() => exchange.Run(stop.Token));
        bool flows = SpinWait.SpinUntil(() => Card(guest, Second).WireStatistics.Received - before > 1000, s_patience);
        guest.KillQemu();
        bool isFree = SpinWait.SpinUntil(() => !card.HasClient, s_patience);
        stop.Cancel();
        traffic.GetAwaiter().GetResult();
        Assert.True(flows, $"there was no traffic: {exchange.There}");
        Assert.True(isFree, "the card still has a client");
        // Another client, ixy itself, finds the card reset. The link proves nothing, as it also comes up without a
        // driver.
        using var next = new VfioUserPciDevice(guest.Card(First).Path);
        Assert.Equal((0x8086, 0x10FB), (next.VendorId, next.DeviceId));
        Assert.Equal(0u, next.ReadConfig(PciConfig.Command, 2));
        next.EnableBusMaster(); // also enables access to its registers
        var registers = next.OpenBar(0);
        foreach (var register in (Register[])[RXCTRL, RXDCTL, DMATXCTL, TXDCTL])
            Assert.Equal(register.Reset, registers.Read32(register));
        guests.End(guest);
    }

    private static SimulatedCardServer Card(Guest guest, int device) => guest.Card(device).Server;

    // Packets received and sent, and bytes sent.
    private static long[] Counters(Guest guest, int device) =>
        [.. guest.Run(
            $"cd /sys/class/net/{KernelBridge.InterfaceOf(device)}/statistics && cat rx_packets tx_packets tx_bytes")
            .Succeeded()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)];
}
