using System.Text.RegularExpressions;

namespace Ixy.Repository.Tests.Samples;

/// <summary><c>samples/edu.cs</c>, as far as it needs no device; VfioTests in Ixy.Vm.Tests runs it on one.</summary>
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

    // A guest builds it against the packed package alone, as VfioTests checks. If the line changed, the script would
    // find nothing to replace.
    [Fact]
    public void TheGuestsImageReplacesTheProjectByThePackage()
    {
        string script = File.ReadAllText(Path.Combine(Checkout.Root, "eng/guest-image"));
        var replaced = Regex.Match(script, @"sed ""(s\|\S+ \S+\|\S+ \S+)@\$\(version\)\|"" samples/edu\.cs");
        Assert.True(replaced.Success);
        using var sed = IxyProcess.StartOther("sed", $"{replaced.Groups[1].Value}@1|", s_source);
        Assert.Equal(0, sed.WaitForExit());
        Assert.StartsWith("#:package Ixy.Vfio@1\n#:property", sed.Output);
    }

    [Fact]
    public void AnAddressWithoutADeviceIsSaidInOneLine() => Assert.Equal(
        (1, "", "there is no PCI function ffff:ff:1f.7: 'ls /sys/bus/pci/devices' shows those there are\n"),
        SamplePrograms.Run("edu", "ffff:ff:1f.7"));
}
