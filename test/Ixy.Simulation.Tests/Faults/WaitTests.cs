using Ixy.Ixgbe;
using Ixy.Vfio;

namespace Ixy.Simulation.Tests.Faults;

/// <summary>
/// An 82599 that leaves while its driver waits for a bit to be set: ones from nobody are not taken for that bit.
/// </summary>
[Collection(nameof(Alone))]
public sealed class WaitTests
{
    [Theory]
    [InlineData("EEC")]
    [InlineData("RDRXCTL")]
    [InlineData("RXDCTL")]
    [InlineData("TXDCTL")]
    [InlineData("SECRXSTAT")]
    public void OpeningFails(string register)
    {
        var before = Resources.Now;
        uint leaves = Offset(register), last = 0;
        bool isGone = false;
        var inner = new VirtualWorld(1).OpenCard("sim:ixgbe,wire=loopback");
        using (var card = new InterposedDevice(inner)
        {
            Time = inner.Clock,
            Answer = (offset, value) => (isGone |= offset == leaves) ? uint.MaxValue : value,
            Step = offset => last = last == 0 && isGone && offset != leaves ? offset ?? 0 : last,
        })
        {
            Assert.Throws<DeviceGoneException>(() => NetworkDevice.Open(card, FaultBench.Options));
            Assert.True(isGone && card.IsGone);
            // The next thing that the driver looks at is whether there is a card at all.
            Assert.Equal(Offset("STATUS"), last);
        }
        Assert.Equal(before, Resources.Now);
    }

    [Fact]
    public void AChangeOfModesFails()
    {
        var bench = new FaultBench("ixgbe") { BreaksRules = true };
        bench.Card.Inject(CardFault.Gone);
        Assert.Throws<DeviceGoneException>(() => bench.Device.Promiscuous = !bench.Device.Promiscuous);
        bench.EndWithoutAnswer();
    }

    [Fact]
    public void TheEepromIsNotBelieved()
    {
        var bench = new FaultBench("ixgbe") { BreaksRules = true };
        bench.Card.Inject(CardFault.Gone);
        Assert.Throws<DeviceGoneException>(((IxgbeDevice)bench.Device).VerifyEeprom);
        bench.EndWithoutAnswer();
    }

    // A register may be full of ones.
    [Theory]
    [InlineData("EEC")]
    [InlineData("SECRXSTAT")]
    public void OnesFromACardThatIsThereCount(string register)
    {
        uint full = Offset(register);
        var inner = new VirtualWorld(1).OpenCard("sim:ixgbe,wire=loopback");
        using var card = new InterposedDevice(inner)
        {
            Time = inner.Clock,
            Answer = (offset, value) => offset == full ? uint.MaxValue : value,
        };
        using var device = NetworkDevice.Open(card, FaultBench.Options);
        device.CheckHealth();
    }

    private static uint Offset(string register) =>
        IxgbeRegisters.All.Single(one => one.Name == register)[0];
}
