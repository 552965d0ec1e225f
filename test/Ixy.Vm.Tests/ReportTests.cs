using System.Text.Json;

namespace Ixy.Vm.Tests;

/// <summary><c>ixy report</c> on cards of a guest, with a kernel in between: through VFIO and through sysfs.</summary>
[Collection(GuestCollection.Name)]
public sealed class ReportTests(GuestPool guests)
{
    private const int EnoughLockedMiB = 128;

    [SkippableFact]
    public void ThroughVfioAsAUser()
    {
        var guest = guests.Get(IommuMachine.Machine);
        string card = GuestMachine.Address(IommuMachine.Virtio);
        string mac = AddressOf(guest, card);
        guest.BindToVfio(card);
        var report = Report(guest, GuestSetup.AsUser($"ixy report {card} --output -", EnoughLockedMiB), mac);
        AssertWorks(report, "vfio");
        Assert.True(report.GetProperty("device").GetProperty("hasIommu").GetBoolean());
        Assert.Contains(Trace(report), line => line.EndsWith(" mac[0..5] 0x?? x6", StringComparison.Ordinal));
    }

    [SkippableFact]
    public void ThroughSysfs()
    {
        var guest = guests.Get(IommuMachine.Machine);
        string card = GuestMachine.Address(IommuMachine.Legacy);
        string mac = AddressOf(guest, card);
        guest.Unbind(card);
        guest.SetHugePages(16);
        var report = Report(guest, $"ixy report {card} --output -", mac);
        AssertWorks(report, "sysfs");
        Assert.Contains(Trace(report), line => line.Contains(" BAR0+0x00014 0x??", StringComparison.Ordinal));
        guest.SetHugePages(0);
    }

    // The kernel uses it: the report has what the kernel's files show, and the remedy.
    [SkippableFact]
    public void OfACardThatIsNotReady()
    {
        var guest = guests.Get(IommuMachine.Machine);
        string card = GuestMachine.Address(IommuMachine.Virtio);
        string mac = AddressOf(guest, card);
        var report = Report(guest, $"ixy report {card} --output -", mac);
        Assert.Contains("virtio-pci", report.GetProperty("setUp").GetProperty("error").GetString());
        Assert.Equal("1af4", report.GetProperty("device").GetProperty("vendorId").GetString());
        Assert.Contains(
            report.GetProperty("doctor").GetProperty("devices")[0].GetProperty("findings").EnumerateArray(),
            finding => finding.GetProperty("cure").GetString() == $"sudo ixy bind {card}");
    }

    private static JsonElement Report(Guest guest, string command, string mac)
    {
        string text = guest.Run(command).Succeeded();
        Assert.DoesNotContain(mac, text, StringComparison.OrdinalIgnoreCase);
        return JsonDocument.Parse(text).RootElement;
    }

    private static void AssertWorks(JsonElement report, string transport)
    {
        Assert.Equal(transport, report.GetProperty("device").GetProperty("transport").GetString());
        var setUp = report.GetProperty("setUp");
        Assert.True(setUp.GetProperty("succeeded").GetBoolean(), setUp.GetProperty("error").GetString());
        Assert.True(setUp.GetProperty("hasMacAddress").GetBoolean());
        Assert.True(report.GetProperty("link").GetProperty("isUp").GetBoolean());
    }

    private static IEnumerable<string> Trace(JsonElement report) =>
        report.GetProperty("setUp").GetProperty("trace").EnumerateArray().Select(line => line.GetString()!);

    // Also binds the card to the kernel's driver.
    private static string AddressOf(Guest guest, string card)
    {
        guest.LoadModules("virtio_pci", "virtio_net");
        guest.BindTo("virtio-pci", card);
        return guest.Run($"cat /sys/bus/pci/devices/{card}/virtio*/net/*/address").Succeeded().Trim();
    }
}
