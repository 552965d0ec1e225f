namespace Ixy.Simulation.Tests.Virtio.Registers;

/// <summary>Status and features, step by step (virtio 1.2, 2.1, 2.2, 3.1.1).</summary>
public sealed class VirtioStatusTests
{
    private const ulong Version1 = 1ul << 32, AccessPlatform = 1ul << 33;

    [Fact]
    public void FeaturesOkSticksForAChoiceTheDeviceCanDo()
    {
        using var bench = new VirtioBench();
        bench.Negotiate(Version1 | AccessPlatform);
        bench.DriverOk();
        Assert.Equal(0xFu, bench.Status);
        Assert.Empty(bench.Rules);
    }

    [Theory]
    [InlineData(Version1 | AccessPlatform | 1ul << 6, "feature-not-offered")]
    [InlineData(Version1 | AccessPlatform | 1ul << 18, "feature-dependency")]
    [InlineData(AccessPlatform, "feature-missing")]
    [InlineData(Version1, "feature-missing")]
    public void FeaturesOkDoesNotStickForAnother(ulong features, string rule)
    {
        using var bench = new VirtioBench();
        bench.Status = 1;
        bench.Status = 3;
        bench.Accept(features);
        bench.Status = 0xB;
        Assert.Equal((3u, rule), (bench.Status, bench.Rules.Single()));
    }

    [Fact]
    public void FeatureWordsThatDoNotExistHoldNothing()
    {
        using var bench = new VirtioBench();
        bench.Write(0x00, 2, 4);
        bench.Write(0x08, 2, 4);
        bench.Write(0x0C, 0, 4);
        Assert.Equal((0u, 0u), (bench.Read(0x04, 4), bench.Read(0x0C, 4)));
        Assert.Empty(bench.Rules);
        bench.Write(0x0C, 1, 4);
        Assert.Equal(["feature-not-offered"], bench.Rules);
    }

    [Theory]
    [InlineData("status-order", new uint[] { 2 })]
    [InlineData("status-order", new uint[] { 1, 3, 7 })]
    [InlineData("status-bit-cleared", new uint[] { 1, 3, 1 })]
    [InlineData("status-unknown", new uint[] { 1, 0x11 })]
    [InlineData("reset-not-awaited", new uint[] { 0, 1 })]
    public void StepsOutOfOrderAreReported(string rule, uint[] steps)
    {
        using var bench = new VirtioBench();
        foreach (uint step in steps) bench.Status = step;
        Assert.Equal([rule], bench.Rules);
        Assert.Equal(0u, bench.Status & 4);
    }

    [Fact]
    public void FeaturesAreChosenBeforeFeaturesOk()
    {
        using var bench = VirtioBench.Negotiated();
        bench.Write(0x08, 0, 4);
        bench.Write(0x0C, 0, 4);
        Assert.Equal(["features-too-late"], bench.Rules);
        Assert.Equal((uint)bench.Features, bench.Read(0x0C, 4));
    }

    [Fact]
    public void AFailedDriverGetsNothingMore()
    {
        using var bench = VirtioBench.Running();
        bench.Status = 0x8F;
        bench.Transmit.Add(new Piece(bench.Place(new byte[72]), 72, false));
        bench.Transmit.Notify();
        bench.Run(100_000);
        Assert.Empty(bench.TestWire.FromCard);
        Assert.Empty(bench.Rules);
    }
}
