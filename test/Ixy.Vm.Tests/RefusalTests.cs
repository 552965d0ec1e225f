namespace Ixy.Vm.Tests;

/// <summary>Devices that an IOMMU cannot confine are refused on VFIO, with the reason and the remedy.</summary>
[Collection(GuestCollection.Name)]
public sealed class RefusalTests(GuestPool guests)
{
    private const int LockedMiB = 128;

    [SkippableFact]
    public void LegacyVirtioOnVfioIsRefused()
    {
        string line = RefusalOf(IommuMachine.Legacy);
        Assert.Contains("legacy", line);
        Assert.Contains("disable-legacy=on", line);
    }

    [SkippableFact]
    public void ModernVirtioThatGoesPastTheIommuIsRefusedOnVfio()
    {
        string line = RefusalOf(IommuMachine.PastIommu);
        Assert.Contains("VIRTIO_F_ACCESS_PLATFORM", line);
        Assert.Contains("iommu_platform=on", line);
    }

    // The single line of its refusal.
    private string RefusalOf(int device)
    {
        var guest = guests.Get(IommuMachine.Machine);
        string address = GuestMachine.Address(device);
        guest.BindToVfio(address);
        var result = guest.Run(GuestSetup.AsUser($"ixy pktgen {address} --duration 1s", LockedMiB));
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        string line = Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("ixy: ", line);
        Assert.Contains(address, line);
        return line;
    }
}
