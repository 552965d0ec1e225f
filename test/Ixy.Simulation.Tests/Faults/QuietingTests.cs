using Ixy.Vfio;

namespace Ixy.Simulation.Tests.Faults;

/// <summary>
/// Bus mastering is switched off before the memory that the card could access is released, whatever the card answers.
/// </summary>
[Collection(nameof(Alone))]
public sealed class QuietingTests
{
    private const uint BusMaster = 1 << 2;

    public static TheoryData<string, string> Cards
    {
        get
        {
            var data = new TheoryData<string, string>();
            string[] cards = ["ixgbe", "ixgbe,model=x550", "virtio", "virtio,packed=on", "virtio-legacy"];
            foreach (string card in cards)
            {
                foreach (string fault in new[] { "", "gone", "reset-hangs" }) data.Add(card, fault);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cards))]
    public void BusMasteringGoesOffBeforeMemoryGoes(string card, string fault)
    {
        var before = Resources.Now;
        var world = new VirtualWorld(1);
        // How many mappings existed at each write that switches bus mastering off.
        var mapped = new List<int>();
        var inner = world.OpenCard($"sim:{card},wire=loopback");
        var function = new InterposedDevice(inner)
        {
            Time = inner.Clock,
            ConfigWritten = (offset, value) =>
            {
                if (offset == PciConfig.Command && (value & BusMaster) == 0) mapped.Add(Resources.Now.Mappings);
            },
        };
        int open;
        using (var device = NetworkDevice.Open(function, FaultBench.Options))
        {
            Assert.True(device.WaitForLink(TimeSpan.FromSeconds(5)));
            open = Resources.Now.Mappings;
            Assert.True(open > before.Mappings);
            if (fault != "") inner.Inject(fault);
            world.Advance(TimeSpan.FromMilliseconds(1));
            mapped.Clear();
        }
        Assert.NotEmpty(mapped);
        Assert.Equal(open, mapped[0]);
        Assert.Equal(before, Resources.Now);
    }
}
