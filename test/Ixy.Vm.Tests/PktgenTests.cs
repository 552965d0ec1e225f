namespace Ixy.Vm.Tests;

/// <summary><c>ixy pktgen</c> in a guest: the host receives each packet once, in order, with its number.</summary>
[Collection(GuestCollection.Name)]
public sealed class PktgenTests(GuestPool guests)
{
    private const int Count = 10_000, LockedMiB = 128;

    [SkippableTheory]
    [InlineData(60)]
    [InlineData(1514)]
    public void TheHostSeesEveryNumberOnce(int size)
    {
        const int Device = IommuMachine.Virtio;
        var guest = guests.Get(IommuMachine.Machine);
        guest.BindToVfio(GuestMachine.Address(Device));
        var port = guest.Port(Device);
        port.Drain();
        string command = $"ixy pktgen {GuestMachine.Address(Device)} --size {size} --count {Count} --rate 5kpps --json";
        using var pktgen = guest.Start(GuestSetup.AsUser(command, LockedMiB));
        TestPackets.ReceiveAll(port, pktgen, Count, size);
    }
}
