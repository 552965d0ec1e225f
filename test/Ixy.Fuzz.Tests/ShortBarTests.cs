using Ixy.Simulation;
using Ixy.Vfio;

namespace Ixy.Fuzz.Tests;

/// <summary>
/// A function whose BARs are shorter than its registers, as a vfio-user server may claim. Found by fuzzing: it used to
/// throw an ArgumentOutOfRangeException, as if the application had given a wrong option.
/// </summary>
public sealed class ShortBarTests
{
    [Theory]
    [InlineData("sim:ixgbe", 0x1FFFC, "BAR 0 has 0x1fffc bytes: expected the 0x20000 of its registers")]
    [InlineData("sim:virtio", 0x30, "has 48 bytes at 0x0 of BAR 4, which ends at 0x30: expected 56 or more")]
    [InlineData("sim:virtio", 0x2000, "has 0 bytes at 0x3000 of BAR 4, which ends at 0x2000: expected 2 or more")]
    [InlineData("sim:virtio", 0x3002, "the doorbell of queue 1 is at 1 times 4: expected an even place in the 2 bytes")]
    [InlineData("sim:virtio-legacy", 16, "BAR 0 has 16 bytes: expected 20 or more")]
    [InlineData("sim:virtio-legacy", 24, "its device configuration has 4 bytes, and lacks the field of 1 bytes at 4")]
    public void TheDriverSaysWhatIsWrongWithTheCard(string specifier, uint length, string expected)
    {
        using var function = Open(specifier, length);
        var error = Assert.Throws<DeviceProtocolException>(() => NetworkDevice.Open(function, new()));
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void AVectorBeyondTheTableIsNotMasked()
    {
        using var function = Open("sim:ixgbe", 16);
        function.EnableBars();
        using var vectors = function.EnableInterrupts(InterruptKind.Msix, 2);
        vectors[0].Mask();
        var error = Assert.Throws<DeviceProtocolException>(() => vectors[1].Mask());
        Assert.Contains("the entry of vector 1 in its MSI-X table ends at 0x20 of BAR 4, which has 0x10", error.Message);
    }

    private static LyingFunction Open(string specifier, uint longestBar)
    {
        var world = new VirtualWorld(seed: 1);
        return new(world, world.OpenCard(specifier)) { LongestBar = longestBar };
    }
}
