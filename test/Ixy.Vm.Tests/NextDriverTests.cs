using System.Collections.Concurrent;
using Ixy.Simulation;
using Xunit.Abstractions;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;

namespace Ixy.Vm.Tests;

/// <summary>
/// One card, one driver after another: whatever Linux's ixgbe leaves when its interface goes down and it is unbound
/// (the laser off or the PHY in low power, filters, tables), ixy still does its work. And the reverse.
/// </summary>
[Collection(GuestCollection.Name)]
public sealed class NextDriverTests(GuestPool guests, ITestOutputHelper log)
{
    private const int Turns = 3, LockedMiB = 128, Packets = 1000, Size = 60;

    [SkippableTheory]
    [InlineData("82599", SimulatedCardsMachine.Ixgbe)]
    [InlineData("X540", SimulatedCardsMachine.X540)]
    [InlineData("X550", SimulatedCardsMachine.X550)]
    public void LinuxAndIxyTakeTurnsOnTheSameCards(string card, int first)
    {
        var guest = guests.Get(SimulatedCardsMachine.Machine);
        guest.SetHugePages(0);
        var rules = new RuleBook(guest, first, first + 1);
        for (int turn = 1; turn <= Turns; turn++)
        {
            log.WriteLine($"{card}, turn {turn}");
            UseWithLinux(guest, first);
            foreach (int device in (int[])[first, first + 1]) guest.BindToVfio(GuestMachine.Address(device));
            Generate(guest, first);
            using var forwarder = Forwarder.Start(guest, first, LockedMiB, "--ring-size 512");
            forwarder.ExchangeThrough(guest, first, new() { Frames = Packets }, log);
        }
        rules.AssertOnly(StockDriverTests.KnownOfLinux);
    }

    // Up, frames both ways, down, unbound. Then the laser is off or the PHY asleep: the far end sees no link.
    private void UseWithLinux(Guest guest, int first)
    {
        int[] devices = [first, first + 1];
        using var phys = new PhyAddresses(guest, first);
        using (KernelBridge.OfIxgbe(guest, devices))
        {
            int[] asked = phys.End();
            log.WriteLine($"PHY addresses that Linux asked: {string.Join(" ", asked)}");
            // If status 2 of a PHY's devices does not say that they are present (IEEE 802.3 45.2.1.7), Linux queries
            // all 32, in 652 cycles instead of 22. A card with a cage has no PHY at any address.
            if (first != SimulatedCardsMachine.Ixgbe) Assert.Equal([0], asked);
            foreach (int device in devices)
                Assert.Equal(
                    "10000\n", guest.Run($"cat /sys/class/net/{KernelBridge.InterfaceOf(device)}/speed").Succeeded());
            new Exchange(guest.Port(first), guest.Port(first + 1), new() { Frames = Packets, Flows = 16 })
                .RunFaultless();
            foreach (int device in devices)
                guest.Run($"ip link set dev {KernelBridge.InterfaceOf(device)} down").Succeeded();
        }
        // After a reset, nothing takes a card as long as unbinding it took.
        string links = string.Join(" ", devices.Select(device => guest.Card(device).Server.LinkIsUp ? "up" : "down"));
        log.WriteLine($"after Linux the links are {links}");
        Assert.Equal("down down", links);
    }

    /// <summary>Records which addresses of the management bus are queried.</summary>
    private sealed class PhyAddresses : IDisposable
    {
        private const string Command = "write MSCA";
        private readonly ConcurrentDictionary<int, bool> _asked = [];
        private readonly SimulatedCardServer _server;

        internal PhyAddresses(Guest guest, int device)
        {
            _server = guest.Card(device).Server;
            SimulatedPciDevice.BetweenTurns(() => _server.Card.Trace = Note);
        }

        internal int[] End()
        {
            Dispose();
            return [.. _asked.Keys.Order()];
        }

        public void Dispose() => SimulatedPciDevice.BetweenTurns(() => _server.Card.Trace = null);

        private void Note(string access)
        {
            if (!access.StartsWith(Command, StringComparison.Ordinal)) return;
            uint command = Convert.ToUInt32(access[^8..], 16);
            if ((command & MSCA_.Command) != 0) _asked[(int)(command >> MSCA_.PhyShift & 0x1F)] = true;
        }
    }

    private static void Generate(Guest guest, int device)
    {
        guest.Port(device).Drain();
        string command =
            $"ixy pktgen {GuestMachine.Address(device)} --size {Size} --count {Packets} --rate 5kpps --json";
        using var pktgen = guest.Start(GuestSetup.AsUser(command, LockedMiB));
        TestPackets.ReceiveAll(guest.Port(device), pktgen, Packets, Size);
    }
}
