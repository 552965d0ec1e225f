using Ixy.Simulation.Ixgbe;
using static System.Buffers.Binary.BinaryPrimitives;
using static Ixy.Tests.Virtio.VirtioTrafficTests;

namespace Ixy.Tests;

/// <summary>
/// Which frames a device accepts: the contract of <see cref="NetworkDevice.Promiscuous"/> and
/// <see cref="NetworkDevice.AllMulticast"/>, the same for every driver and every card.
/// </summary>
public sealed class ReceiveModeTests
{
    internal const ushort X540 = 0x1528, X550 = 0x1563;

    private static readonly MacAddress s_broadcast = new(0xFFFF_FFFF_FFFF), s_station = new(0x02_AA_BB_CC_DD_01),
        s_group = new(0x01_00_5E_01_02_03),
        s_otherStation = new(0x02_11_22_33_44_55), s_otherGroup = new(0x01_00_5E_7F_FF_FA);

    public enum Model
    {
        Intel82599,
        IntelX540,
        IntelX550,
        VirtioSplit,
        VirtioPacked,
        VirtioLegacy,
    }

    public static TheoryData<Model> Models() => [.. Enum.GetValues<Model>()];

    [Theory]
    [MemberData(nameof(Models))]
    public void EachModeIsAWishOfItsOwn(Model model)
    {
        using var bench = Open(model, promiscuous: true);
        var device = bench.Device;
        AssertModes(bench, promiscuous: true, allMulticast: false);
        device.AllMulticast = true;
        AssertModes(bench, promiscuous: true, allMulticast: true);
        device.Promiscuous = false;
        AssertModes(bench, promiscuous: false, allMulticast: true);
        device.Promiscuous = true;
        device.AllMulticast = false;
        AssertModes(bench, promiscuous: true, allMulticast: false);
        device.Promiscuous = false;
        AssertModes(bench, promiscuous: false, allMulticast: false);
    }

    // Whatever came before, only the modes, the filters and the address decide which frames are accepted.
    [Theory]
    [MemberData(nameof(Models))]
    public void NoHistoryMakesADifference(Model model)
    {
        var random = new Random(13);
        using var bench = Open(model, promiscuous: false);
        var device = bench.Device;
        var filters = new HashSet<MacAddress>();
        bool promiscuous = false, allMulticast = false;
        for (int step = 0; step < 200; step++)
        {
            switch (random.Next(6))
            {
                case 0 or 1:
                    device.Promiscuous = promiscuous = random.Next(2) != 0;
                    break;
                case 2 or 3:
                    device.AllMulticast = allMulticast = random.Next(2) != 0;
                    break;
                case 4 when step > 60:
                    var filter = random.Next(2) != 0 ? s_station : s_group;
                    filters.Add(filter);
                    if (filter.IsMulticast) device.AddMulticastFilter(filter);
                    else device.AddUnicastFilter(filter);
                    break;
                case 5 when step > 100:
                    device.MacAddress = new(0x02_00_00_00_10_00UL + (uint)step);
                    break;
            }
            AssertModes(bench, promiscuous, allMulticast, filters);
        }
    }

    // 127 addresses fit in addition to the port's own, however often each is added.
    [Theory]
    [MemberData(nameof(Models))]
    public void AnAddressThatIsAddedAgainTakesNoRoom(Model model)
    {
        using var bench = Open(model, promiscuous: false);
        for (int i = 0; i < 3000; i++)
        {
            bench.Device.AddUnicastFilter(new(0x02_00_00_00_20_00UL + (uint)i % 3));
            bench.Device.AddMulticastFilter(s_group);
        }
        bench.Device.AddUnicastFilter(s_station);
        AssertModes(bench, promiscuous: false, allMulticast: false, [s_station, s_group]);
    }

    private static DriverBench Open(Model model, bool promiscuous)
    {
        var options = DriverBench.Defaults with { Promiscuous = promiscuous };
        return model switch
        {
            Model.Intel82599 => new(options),
            Model.IntelX540 => new(options, new IxgbeCardOptions { DeviceId = X540 }),
            Model.IntelX550 => new(options, new IxgbeCardOptions { DeviceId = X550 }),
            Model.VirtioSplit => new(options, Card(Variant.Split)),
            Model.VirtioPacked => new(options, Card(Variant.Packed)),
            _ => new(options, Card(Variant.Legacy)),
        };
    }

    private static void AssertModes(
        DriverBench bench, bool promiscuous, bool allMulticast, HashSet<MacAddress>? filters = null)
    {
        Assert.Equal((promiscuous, allMulticast), (bench.Device.Promiscuous, bench.Device.AllMulticast));
        var own = bench.Device.MacAddress;
        MacAddress[] all = [s_station, s_group, s_broadcast, s_otherStation, s_otherGroup, own];
        foreach (var destination in all)
        {
            byte[] frame = DriverBench.Frame(0);
            destination.CopyTo(frame);
            bench.Wire.Deliver(frame);
        }
        var expected = all.Where(
            address => promiscuous || address == own || address == s_broadcast || (allMulticast && address.IsMulticast)
            || filters?.Contains(address) == true);
        // The last frame is always accepted, so any unwanted frame that got through has arrived by then.
        Assert.Equal(
            expected, bench.Receive(expected.Count())
            .Select(frame => new MacAddress(ReadUInt64BigEndian(frame) >> 16)));
    }
}
