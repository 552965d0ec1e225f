using System.Text.Json;
using System.Text.RegularExpressions;

namespace Ixy.Vm.Tests;

/// <summary>
/// Ixy.Vfio on a real kernel, with QEMU's devices and none of ixy's drivers. The probe runs in the guest; it does
/// everything twice, so that leftovers of the first run would get in the way.
/// </summary>
[Collection(GuestCollection.Name)]
public sealed class VfioTests(GuestPool guests)
{
    private static string Address(int device) => GuestMachine.Address(device);

    [SkippableFact]
    public void RegistersDmaAndInterruptsOfTheEducationalDevice()
    {
        var guest = guests.Get(IommuMachine.Machine);
        guest.BindToVfio(Address(IommuMachine.Edu));
        var facts = ProbeFacts.Run(guest, $"edu {Address(IommuMachine.Edu)}");
        facts.AssertAll(
            ("device", "1234:11e8"), ("id", "0x10000ed"), ("liveness", "0xedcba987"), ("factorial", "0x375f00"),
            ("dma", "yes"),
            ("msi-vectors", "0x1"), ("msi-quiet", "timeout"), ("msi-raised", "0"), ("msi-cause", "0x10"),
            ("msi-again", "timeout"),
            ("intx-raised", "0"), ("intx-masked", "timeout"), ("intx-still-asserted", "0"),
            ("intx-acknowledged", "timeout"),
            ("intx-held-back", "timeout"), ("intx-let-through", "0"));
        // It shares its bus and has no function-level reset.
        Assert.Contains("has no reset of its own", facts["reset"]);
        Assert.Contains("have no mask bits: mask the cause in the device's own registers", facts["msi-mask"]);
        AssertNothingLeft(facts);
    }

    // Nobody from this project wrote the device; samples/edu.cs has fewer than a hundred lines.
    [SkippableFact]
    public void ADriverOfOnePageDrivesTheEducationalDevice()
    {
        var guest = guests.Get(IommuMachine.Machine);
        string address = Address(IommuMachine.Edu);
        guest.BindToVfio(address);
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(
                "edu 1.0 is alive; 12! = 479001600\n4000 bytes went there and came back\n",
                guest.Run(GuestSetup.AsUser($"edu {address}", lockedMiB: 64)).Succeeded());
        }
        Assert.False(IsBusMaster(guest, address));
        // eng/guest-image built it outside the repository.
        using var made = JsonDocument.Parse(File.ReadAllText(GuestImage.MaterialsOfEdu));
        var (name, library) = Assert.Single(
            made.RootElement.GetProperty("libraries").EnumerateObject().Select(one => (one.Name, one.Value)),
            one => one.Name.StartsWith("Ixy", StringComparison.Ordinal));
        Assert.StartsWith("Ixy.Vfio/", name);
        Assert.Equal("package", library.GetProperty("type").GetString());
        Assert.DoesNotContain(GuestImage.Root, made.RootElement.GetProperty("project").GetProperty("restore")
            .GetProperty("projectPath").GetString());
    }

    [SkippableFact]
    public void MsixAndPortsOfANetworkCard()
    {
        var guest = guests.Get(IommuMachine.Machine);
        guest.BindToVfio(Address(IommuMachine.E1000e));
        var facts = ProbeFacts.Run(guest, $"e1000e {Address(IommuMachine.E1000e)}");
        facts.AssertAll(
            ("device", "8086:10d3"), ("msix-vectors", "0x5"), ("msix-quiet", "timeout"), ("msix-receive", "1"),
            ("msix-transmit", "2"),
            ("msix-masked", "timeout"), ("msix-other-not-masked", "2"), ("msix-unmasked", "1"),
            ("ports", "0xa09"));
        AssertNothingLeft(facts);
    }

    [SkippableFact]
    public void AVirtioQueueFiresItsVectorAndAResetEndsIt()
    {
        var guest = guests.Get(IommuMachine.Machine);
        guest.BindToVfio(IommuMachine.ResettableAddress);
        var port = guest.Port(IommuMachine.Resettable);
        port.Drain();
        var facts = ProbeFacts.Run(guest, $"virtio {IommuMachine.ResettableAddress}");
        facts.AssertAll(
            ("device", "1af4:1041"), ("offers-access-platform", "yes"), ("features-ok", "yes"),
            ("vector-accepted", "0x1"),
            ("queue-quiet", "timeout"), ("queue-vector", "1"), ("used-index", "0x1"),
            ("status", "0xf"), ("status-after-reset", "0x0"));
        AssertNothingLeft(facts);
        // The frame was sent.
        var frame = new byte[EthernetPort.LongestFrame];
        Assert.Equal(60, port.TryReceive(frame));
        Assert.Equal([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0x88, 0xB5], frame[..14]);
    }

    [SkippableFact]
    public void DmaPastTheMappedMemoryIsBlockedAndReported()
    {
        var guest = guests.Get(IommuMachine.Machine);
        guest.BindToVfio(Address(IommuMachine.Edu));
        guest.Run("dmesg -c").Succeeded();
        ProbeFacts.Run(guest, $"stray {Address(IommuMachine.Edu)}").AssertAll(("survived", "yes"), ("dma", "yes"));
        string log = guest.Run("dmesg").Succeeded();
        string device = Address(IommuMachine.Edu)["0000:".Length..];
        Assert.Matches($@"DMAR: \[DMA Write.*\] Request device \[{Regex.Escape(device)}\] fault addr 0x12345000", log);
    }

    [SkippableFact]
    public void MemoryIsPinnedOnceForAllFunctionsUntilTheLastOneGoes()
    {
        var guest = guests.Get(IommuMachine.Machine);
        string[] addresses = [Address(IommuMachine.Virtio), Address(IommuMachine.Edu), Address(IommuMachine.E1000e)];
        foreach (string address in addresses) guest.BindToVfio(address);
        ProbeFacts.Run(guest, $"open {string.Join(' ', addresses)}").AssertAll(
            ("locked-by-all", "2048 kB"), ("locked-by-none", "0 kB"), ($"locked-after-{addresses[0]}", "2048 kB"),
            ($"locked-after-{addresses[1]}", "2048 kB"), ($"locked-after-{addresses[2]}", "0 kB"));
    }

    [SkippableFact]
    public void FunctionsOfOneGroupShareIt()
    {
        var guest = guests.Get(IommuMachine.Machine);
        guest.BindToVfio(IommuMachine.SharedEduAddress);
        guest.BindToVfio(IommuMachine.SharedE1000eAddress);
        ProbeFacts.Run(guest, $"open {IommuMachine.SharedEduAddress} {IommuMachine.SharedE1000eAddress}").AssertAll(
            ($"locked-after-{IommuMachine.SharedEduAddress}", "2048 kB"),
            ($"locked-after-{IommuMachine.SharedE1000eAddress}", "0 kB"));
    }

    [SkippableFact]
    public void AKilledProcessLeavesAQuietDeviceForTheNext()
    {
        var guest = guests.Get(IommuMachine.Machine);
        string address = Address(IommuMachine.Edu);
        guest.BindToVfio(address);
        using (var job = guest.Start(GuestSetup.AsUser($"probe hold {address}", lockedMiB: 64)))
        {
            job.WaitFor("holding=");
            Assert.True(IsBusMaster(guest, address));
            job.Signal("KILL");
            Assert.Equal(CommandResult.Killed, job.Wait().ExitCode);
        }
        Assert.False(IsBusMaster(guest, address));
        ProbeFacts.Run(guest, $"edu {address}").AssertAll(("dma", "yes"), ("msi-raised", "0"));
    }

    private static void AssertNothingLeft(ProbeFacts facts)
    {
        Assert.Equal(facts["descriptors-before"], facts["descriptors-after"]);
        Assert.DoesNotContain("vfio", facts["descriptors-after"]);
        Assert.Equal(("0 kB", "0 kB"), (facts["locked-before"], facts["locked-after"]));
    }

    private static bool IsBusMaster(Guest guest, string address)
    {
        string command = guest.Run($"hexdump -s 4 -n 1 -e '1/1 \"%d\"' /sys/bus/pci/devices/{address}/config")
            .Succeeded();
        return (int.Parse(command) & 4) != 0;
    }
}
