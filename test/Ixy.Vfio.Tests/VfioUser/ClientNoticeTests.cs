using Ixy.Vfio.Interop;

namespace Ixy.Vfio.Tests.VfioUser;

/// <summary>What a server tells by the interrupt indices of error and request.</summary>
public sealed unsafe class ClientNoticeTests
{
    private const int ErrorIndex = 3, RequestIndex = 4;

    [Fact]
    public void TheServerWantsTheDeviceBack() =>
        AssertFinds<DeviceRequestedException>(RequestIndex, "its server asks for the device back");

    [Fact]
    public void TheServerReportsAnError() => AssertFinds<DeviceGoneException>(ErrorIndex, "(AER)");

    [Fact]
    public void ARequestDoesNotKeepTheDeviceFromBeingQuieted() => Assert.Null(ClientBench.Watch(bench =>
    {
        var events = Offer(bench.Device, ErrorIndex, RequestIndex);
        using (var device = bench.Open())
        {
            device.EnableBusMaster();
            Signal(events[RequestIndex]);
            DriverBench.Until(() => device.IsGone, "the request");
            Assert.Equal(0x10FB_8086u, device.ReadConfig(0, 4));
        }
        Assert.Equal(0, bench.Device.Config[PciConfig.Command] & 4);
        Close(events);
    }));

    [Theory]
    [InlineData(ErrorIndex)]
    [InlineData(RequestIndex)]
    public void AServerThatHasOnlyOne(int index) => Assert.Null(ClientBench.Watch(bench =>
    {
        var events = Offer(bench.Device, index);
        using (var device = bench.Open())
        {
            Signal(Assert.Single(events).Value);
            DriverBench.Until(device.AnswersNow, "it answers");
            Assert.True(device.IsGone);
        }
        Close(events);
    }));

    [Theory]
    [InlineData("none")]
    [InlineData("three indices")]
    [InlineData("no descriptors")]
    [InlineData("info refused")]
    [InlineData("descriptors refused")]
    public void AServerThatHasNeither(string how) => Assert.Null(ClientBench.Watch(bench =>
    {
        var events = how is "none" or "info refused" ? [] : Offer(bench.Device, ErrorIndex, RequestIndex);
        if (how == "three indices")
            bench.Device.On(HandDevice.GetInfo, asked => Answer.To(asked, HandDevice.Words(16, 3, 9, 3)));
        if (how == "no descriptors") bench.Device.Capabilities = """{"max_msg_fds":0}""";
        if (how == "info refused") bench.Device.On(HandDevice.GetIrqInfo, asked => Answer.Error(asked, 22));
        if (how == "descriptors refused") bench.Device.On(HandDevice.SetIrqs, asked => Answer.Error(asked, 22));
        using (var device = bench.Open())
        {
            DriverBench.Until(device.AnswersNow, "it answers");
            device.ThrowIfGone();
        }
        Assert.Empty(events);
    }));

    private static void AssertFinds<T>(int index, string message) where T : DeviceGoneException =>
        Assert.Null(ClientBench.Watch(bench =>
        {
            var events = Offer(bench.Device, ErrorIndex, RequestIndex);
            using (var device = bench.Open())
            {
                DriverBench.Until(device.AnswersNow, "it answers");
                Assert.False(device.IsGone);
                device.ThrowIfGone();
                Signal(events[index]);
                // A timer finds it, and nobody has to ask.
                DriverBench.Until(() => device.IsGone, "the notice");
                var error = Assert.Throws<T>(device.ThrowIfGone);
                Assert.StartsWith($"vfio-user:{bench.Server.Path}: ", error.Message);
                Assert.Contains(message, error.Message);
                Assert.NotSame(error, Assert.Throws<T>(device.ThrowIfGone));
            }
            Close(events);
        }));

    // The device has these indices, and keeps the events that are connected to them.
    private static Dictionary<int, int> Offer(HandDevice device, params int[] indices)
    {
        var events = new Dictionary<int, int>();
        device.On(HandDevice.GetIrqInfo, asked => indices.Contains((int)asked.Word(8))
            ? Answer.To(asked, HandDevice.Words(16, 1, asked.Word(8), 1)) : null);
        device.On(HandDevice.SetIrqs, asked =>
        {
            int index = (int)asked.Word(8);
            if (!indices.Contains(index)) return null;
            // Events, the action is to fire, and it is the first of one.
            Assert.Equal((0x24u, 0u, 1u), (asked.Word(4), asked.Word(12), asked.Word(16)));
            events.Add(index, Libc.fcntl(Assert.Single(asked.Descriptors), Libc.F_DUPFD_CLOEXEC, 0));
            return null;
        });
        return events;
    }

    private static void Signal(int descriptor)
    {
        ulong one = 1;
        Assert.Equal(sizeof(ulong), Libc.write(descriptor, &one, sizeof(ulong)));
    }

    private static void Close(Dictionary<int, int> events)
    {
        foreach (int descriptor in events.Values) _ = Libc.close(descriptor);
    }
}
