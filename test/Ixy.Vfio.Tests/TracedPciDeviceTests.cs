using Ixy.Ixgbe;
using Ixy.Simulation;

namespace Ixy.Vfio.Tests;

/// <summary>A function whose accesses are traced works like one whose accesses are not.</summary>
public sealed class TracedPciDeviceTests
{
    [Theory]
    [InlineData("sim:ixgbe,wire=loopback")]
    [InlineData("sim:virtio,wire=loopback")]
    public void APacketComesBackThroughIt(string specifier)
    {
        var world = new VirtualWorld(seed: 1);
        var accesses = new List<PciAccess>();
        var card = world.OpenCard(specifier, waitsToSend: false);
        using var device = NetworkDevice.Open(new TracedPciDevice(card, accesses.Add), new());
        Assert.Equal(specifier, device.Name);
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(1)));
        using var pool = new PacketPool(new() { Count = 64 });
        Assert.True(pool.TryAllocate(out var packet));
        packet.Length = 60;
        packet.Data.Fill(0xA5);
        int before = accesses.Count;
        Assert.Equal(1, device.Transmit([packet]));
        // A doorbell is traced, too.
        Assert.Contains(accesses.Skip(before), access => access.IsWrite && access.Bar is not null);
        var batch = new Packet[4];
        int received = 0;
        Assert.True(world.AdvanceUntil(
            () => (received = device.Receive(batch)) > 0, TimeSpan.FromSeconds(1)));
        Assert.Equal(Enumerable.Repeat((byte)0xA5, 60), batch[0].Data.ToArray());
        PacketPool.Free(batch.AsSpan(0, received));
        Assert.Empty(card.Violations.All);
    }

    [Fact]
    public void EveryAccessIsToldWithItsPlaceSizeAndValue()
    {
        var accesses = new List<PciAccess>();
        using var function = new TracedPciDevice(SimulatedCards.Open("sim:ixgbe"), accesses.Add);
        Assert.Equal(0x8086, function.VendorId);
        function.EnableBars();
        var bar = function.OpenBar(0);
        Assert.Same(bar, function.OpenBar(0));
        bar.Write32(IxgbeRegisters.EIMC, 5);
        uint status = bar.Read32(IxgbeRegisters.STATUS);
        Assert.Equal(
            [new(null, 0, 2, 0x8086, false), new(0, IxgbeRegisters.EIMC, 4, 5, true),
                new(0, IxgbeRegisters.STATUS, 4, status, false)],
            accesses.Where(access => access is not { Bar: null, Offset: PciConfig.Command }));
    }

    [Fact]
    public void AThreadSleepsAndWakesOnItsInterrupts()
    {
        var world = new VirtualWorld(seed: 1);
        var card = world.OpenCard("sim:ixgbe,wire=generator,rate=1kpps,count=1", waitsToSend: true);
        using var device = NetworkDevice.Open(new TracedPciDevice(card, _ => { }), new() { Interrupts = true });
        Assert.True(device.WaitForLink(TimeSpan.FromSeconds(1)));
        card.Wire.StartSending();
        var batch = new Packet[4];
        Assert.Equal(1, device.Receive(batch, TimeSpan.FromSeconds(1)));
        Assert.Equal(1, device.ReceiveQueues[0].Interrupts);
        PacketPool.Free(batch.AsSpan(0, 1));
    }
}
