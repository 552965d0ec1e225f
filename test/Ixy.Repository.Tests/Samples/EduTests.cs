namespace Ixy.Repository.Tests.Samples;

/// <summary>
/// <c>samples/edu.cs</c>, as far as no device is needed; VfioTests in Ixy.Vm.Tests has one for it.
/// </summary>
public sealed class EduTests
{
    private static readonly string s_source = Path.Combine(Checkout.Root, "samples/edu.cs");

    [Fact]
    public void ItNeedsFewerThanAHundredLinesAndOneLibrary()
    {
        string[] lines = File.ReadAllLines(s_source);
        Assert.InRange(lines.Length, 1, 99);
        string[] references = [
            .. lines.Where(line => line.StartsWith("#:project", StringComparison.Ordinal)
                || line.StartsWith("#:package", StringComparison.Ordinal))];
        Assert.Equal(["#:project ../src/Ixy.Vfio"], references);
    }

    [Fact]
    public void AnAddressWithoutADeviceIsSaidInOneLine() => Assert.Equal(
        (1, "", "there is no PCI function ffff:ff:1f.7: 'ls /sys/bus/pci/devices' shows those there are\n"),
        SamplePrograms.Run("edu", "ffff:ff:1f.7"));
}
