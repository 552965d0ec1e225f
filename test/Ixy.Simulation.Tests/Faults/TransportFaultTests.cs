using Ixy.Ixgbe;
using Ixy.Vfio;

namespace Ixy.Simulation.Tests.Faults;

/// <summary>
/// Each register through which a driver learns that an 82599 is gone, read in place: through sysfs, mapped.
/// </summary>
[Collection(nameof(Alone))]
public sealed class TransportFaultTests
{
    private const string Address = "0000:03:00.0";

    [SkippableFact]
    [Trait("needs", "root")]
    public void ACardThatIsGoneBehindSysfs()
    {
        Needs.Root("the sysfs transport needs root");
        using var pages = AllHugePages.Require(32);
        using var sysfs = new FakeSysfs();
        using var card = new PaperCard(sysfs.Add(Address));
        using var device = NetworkDevice.Open(
            new SysfsPciDevice(new SysfsFunction(sysfs.Root, Address), check: null), new());
        device.CheckHealth();
        card[IxgbeRegisters.STATUS] = uint.MaxValue;
        Assert.Throws<DeviceGoneException>(device.CheckHealth);
        Assert.True(device.PciDevice.IsGone);
        Assert.Throws<DeviceGoneException>(() => device.Receive(new Packet[1], Timeout.InfiniteTimeSpan));
        device.PciDevice.ForgetGone();
        card[IxgbeRegisters.LINKS] = uint.MaxValue;
        Assert.Throws<DeviceGoneException>(() => device.Link);
        device.PciDevice.ForgetGone();
        card[IxgbeRegisters.GPTC] = uint.MaxValue;
        Assert.Throws<DeviceGoneException>(() => device.ReadStatistics());
    }
}
