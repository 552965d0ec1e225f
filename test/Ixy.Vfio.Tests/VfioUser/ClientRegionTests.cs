namespace Ixy.Vfio.Tests.VfioUser;

/// <summary>What a server may say about a BAR, and what a client must not believe.</summary>
public sealed class ClientRegionTests
{
    private const ulong BarLength = 0x4000;

    [Theory]
    [InlineData(0x800, 0x1000)] // not aligned
    [InlineData(0x4000, 0x1000)] // beyond the BAR
    [InlineData(0x3000, 0x2000)] // extends beyond its end
    [InlineData(0x1000, ulong.MaxValue - 0xFFF)] // their sum overflows
    [InlineData(ulong.MaxValue - 0xFFF, 0x2000)]
    public void AnAreaOutsideTheBar(ulong start, ulong length) =>
        AssertRefused(HandDevice.Info(0, BarLength, 0, (start, length)));

    [Fact]
    public void AreasThatOverlap() =>
        AssertRefused(HandDevice.Info(0, BarLength, 0, (0x1000, 0x2000), (0x2000, 0x1000)));

    [Fact] // The file is 16 KiB long: the first access beyond it would kill the process.
    public void AreasThatTheFileDoesNotHave() => AssertRefused(HandDevice.Info(0, BarLength, 0x3000, (0x1000, 0x1000)));

    [Fact]
    public void AnOffsetThatOverflows() =>
        AssertRefused(HandDevice.Info(0, BarLength, ulong.MaxValue - 0x1FFF, (0x1000, 0x1000)));

    [Fact]
    public void ABarOfMoreThan4Gigabytes() => AssertRefused(HandDevice.Info(0, 1ul << 32));

    [Theory]
    [InlineData(12, 0x40)] // the first capability is beyond the end
    [InlineData(12, 0xFFFF_FFF0)]
    [InlineData(36, 32)] // a capability that is its own successor
    [InlineData(36, 0x1000)]
    [InlineData(40, 2)] // two areas announced, one present
    [InlineData(40, 0xFFFF_FFFF)]
    public void CapabilitiesThatAreNone(int field, uint value)
    {
        byte[] info = HandDevice.Info(0, BarLength, 0, (0x1000, 0x1000));
        // A capability of another type is skipped, so its next pointer is followed.
        if (field == 36) info[32] = 9;
        BitConverter.GetBytes(value).CopyTo(info, field);
        AssertRefused(info);
    }

    [Fact]
    public void AMappableBarWithoutADescriptor() =>
        AssertRefused(HandDevice.Info(0, BarLength, 0, (0x1000, 0x1000)), descriptors: 0);

    [Fact]
    public void AMappableBarWithTwoDescriptors() =>
        AssertRefused(HandDevice.Info(0, BarLength, 0, (0x1000, 0x1000)), descriptors: 2);

    [Theory]
    [InlineData(0x8000_0000)]
    [InlineData(0x1_0001)]
    [InlineData(0)]
    public void AnInfoOfAnImpossibleLength(uint length)
    {
        byte[] info = HandDevice.Info(0, BarLength);
        BitConverter.GetBytes(length).CopyTo(info, 0);
        AssertRefused(info, descriptors: 0);
    }

    // "Message sizes": if argsz is too short, a server replies with the length it needs, and is asked again.
    [Fact]
    public void AnInfoThatIsLongerThanExpectedIsAskedForAgain() => Assert.Null(ClientBench.Watch(bench =>
    {
        const int Areas = 100;
        byte[] info = HandDevice.Info(
            0, BarLength, 0, [.. Enumerable.Repeat((0x2000ul, 0ul), Areas - 1), (0x2000, 0x1000)]);
        bench.Device.On(HandDevice.GetRegionInfo, asked => asked.Word(8) != 0 ? null
            : Answer.To(asked, asked.Word(0) < info.Length ? info[..32] : info, bench.Device.File));
        using var device = bench.Open();
        unsafe
        {
            Assert.True(device.OpenBar(0).TryGetPointer(0x2000, 4, out _));
        }
        _ = bench.Server.Next(HandDevice.GetRegionInfo); // configuration space
        Assert.True(bench.Server.Next(HandDevice.GetRegionInfo).Word(0) >= 32);
        Assert.Equal((uint)info.Length, bench.Server.Next(HandDevice.GetRegionInfo).Word(0));
    }));

    [Fact]
    public void ABarCanBeMappedAsAWhole() => Assert.Null(ClientBench.Watch(bench =>
    {
        byte[] info = HandDevice.Info(0, BarLength);
        info[4] = 7; // readable, writable, mappable
        bench.Device.On(
            HandDevice.GetRegionInfo, asked => asked.Word(8) == 0 ? Answer.To(asked, info, bench.Device.File) : null);
        using var device = bench.Open();
        var bar = device.OpenBar(0);
        unsafe
        {
            Assert.True(bar.TryGetPointer(0, 4, out _) && bar.TryGetPointer(0x3ffc, 4, out _));
        }
    }));

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(-1)]
    public void NoSuchBar(int index)
    {
        using var bench = new ClientBench();
        using var device = bench.Open();
        Assert.Contains($"{index}", Assert.Throws<PciDeviceException>(() => device.OpenBar(index)).Message);
        Assert.Equal(0x8086, device.VendorId);
    }

    private static void AssertRefused(byte[] info, int descriptors = 1) =>
        Assert.IsType<VfioUserProtocolException>(ClientBench.Watch(bench =>
    {
        bench.Device.On(HandDevice.GetRegionInfo, asked =>
            asked.Word(8) == 0 ? Answer.To(asked, info, [.. Enumerable.Repeat(bench.Device.File, descriptors)]) : null);
        using var device = bench.Open();
        device.OpenBar(0);
    }));
}
