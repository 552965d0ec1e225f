using Xunit.Abstractions;

namespace Ixy.Vm.Tests;

/// <summary>
/// One card, one driver after the other: what Linux's ixgbe leaves behind when its interface goes down and it is unbound (the laser
/// off or the PHY in low power, filters, tables), ixy finds, and does its work all the same. And the other way round.
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

    // Up, frames both ways, down, unbound. The laser is off then, or the PHY asleep: the far end sees no link.
    private void UseWithLinux(Guest guest, int first)
    {
        int[] devices = [first, first + 1];
        using (KernelBridge.OfIxgbe(guest, devices))
        {
            foreach (int device in devices)
                Assert.Equal("10000\n", guest.Run($"cat /sys/class/net/{KernelBridge.InterfaceOf(device)}/speed").Succeeded());
            new Exchange(guest.Port(first), guest.Port(first + 1), new() { Frames = Packets, Flows = 16 }).RunFaultless();
            foreach (int device in devices) guest.Run($"ip link set dev {KernelBridge.InterfaceOf(device)} down").Succeeded();
        }
        // Nothing that a card does after a reset takes as long as it took to unbind it.
        string links = string.Join(" ", devices.Select(device => guest.Card(device).Server.LinkIsUp ? "up" : "down"));
        log.WriteLine($"after Linux the links are {links}");
        Assert.Equal("down down", links);
    }

    private static void Generate(Guest guest, int device)
    {
        guest.Port(device).Drain();
        string command = $"ixy pktgen {GuestMachine.Address(device)} --size {Size} --count {Packets} --rate 5kpps --json";
        using var pktgen = guest.Start(GuestSetup.AsUser(command, LockedMiB));
        TestPackets.ReceiveAll(guest.Port(device), pktgen, Packets, Size);
    }
}
