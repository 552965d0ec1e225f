namespace Ixy.Vm.Tests;

/// <summary>
/// Everything VFIO needs, missing one thing at a time: the exception has a specific type and names the remedy.
/// </summary>
[Collection(GuestCollection.Name)]
public sealed class VfioErrorTests(GuestPool guests)
{
    private static readonly string s_edu = GuestMachine.Address(IommuMachine.Edu);

    [SkippableFact]
    public void WithoutIommu()
    {
        string address = GuestMachine.Address(PlainMachine.Modern);
        ProbeFacts.Run(guests.Get(PlainMachine.Machine), $"open {address}")
            .AssertError("VfioUnavailableException", $"{address} is behind no IOMMU", "intel_iommu=on or amd_iommu=on");
    }

    [SkippableFact]
    public void WithoutModules()
    {
        var guest = guests.Get(IommuMachine.Machine);
        guest.Run("modprobe -r vfio-pci vfio_iommu_type1 vfio; [ ! -e /dev/vfio/vfio ]").Succeeded();
        ProbeFacts.Run(guest, $"open {s_edu}")
            .AssertError("VfioUnavailableException", "/dev/vfio/vfio", "'sudo modprobe vfio-pci'");
        // Where udev creates the file in advance, only the missing driver shows it.
        guest.Run("mkdir -p /dev/vfio; mknod -m 666 /dev/vfio/vfio c 10 196").Succeeded();
        ProbeFacts.Run(guest, $"open {s_edu}").AssertError("NotBoundToVfioException");
        guest.Run("rm /dev/vfio/vfio").Succeeded();
    }

    [SkippableFact]
    public void WithAnotherDriverOrNone()
    {
        var guest = guests.Get(IommuMachine.Machine);
        string card = GuestMachine.Address(IommuMachine.E1000e);
        guest.BindToVfio(card); // which loads VFIO
        guest.LoadModules("e1000e");
        guest.BindTo("e1000e", card);
        ProbeFacts.Run(guest, $"open {card}")
            .AssertError("NotBoundToVfioException", $"{card} is bound to e1000e, expected vfio-pci");
        guest.Unbind(card);
        var facts = ProbeFacts.Run(guest, $"open {card}");
        facts.AssertError("NotBoundToVfioException", $"{card} is bound to no driver, expected vfio-pci");
        // The suggested command as printed, but without sudo, which the guest lacks.
        string cure = facts.Error.Split('\'')[1].Replace("sudo ", "");
        guest.Run(cure).Succeeded();
        ProbeFacts.RunAsRoot(guest, $"open {card}").AssertAll(("done", "open"));
    }

    [SkippableFact]
    public void WithoutRightsToTheGroup()
    {
        var guest = guests.Get(IommuMachine.Machine);
        int group = guest.BindToVfio(s_edu);
        guest.Run($"chown root /dev/vfio/{group}").Succeeded();
        ProbeFacts.Run(guest, $"open {s_edu}")
            .AssertError(
                "PrivilegeException", $"/dev/vfio/{group}", "(errno 13)", $"'sudo chown user /dev/vfio/{group}'");
    }

    [SkippableFact]
    public void WithAGroupThatSomebodyElseHas()
    {
        var guest = guests.Get(IommuMachine.Machine);
        int group = guest.BindToVfio(s_edu);
        using var other = guest.Start($"exec 3<>/dev/vfio/{group}; echo mine; exec sleep 1000");
        other.WaitFor("mine");
        ProbeFacts.Run(guest, $"open {s_edu}").AssertError("DeviceBusyException",
            $"IOMMU group {group} is in use", $"sudo fuser -v /dev/vfio/{group}");
    }

    [SkippableFact]
    public void WithAGroupThatIsNotViable()
    {
        var guest = guests.Get(IommuMachine.Machine);
        string ours = IommuMachine.SharedEduAddress, kernels = IommuMachine.SharedE1000eAddress;
        guest.BindToVfio(ours);
        guest.LoadModules("e1000e");
        guest.BindTo("e1000e", kernels);
        var facts = ProbeFacts.Run(guest, $"open {ours}");
        facts.AssertError("GroupNotViableException", $"{kernels} (e1000e)", "bind them all to vfio-pci");
        guest.Run(facts.Error.Split('\'')[1].Replace("sudo ", "")).Succeeded();
        ProbeFacts.Run(guest, $"open {ours}").AssertAll(("done", "open"));
    }

    [SkippableFact]
    public void WithTooLittleMemoryToLock()
    {
        var guest = guests.Get(IommuMachine.Machine);
        guest.BindToVfio(s_edu);
        ProbeFacts.Run(guest, $"open {s_edu}", lockedMiB: 1)
            .AssertError("MemoryLockLimitException", "needs a limit of 2048 KiB", "has 1024 KiB", "--memlock=2097152'");
        ProbeFacts.Run(guest, $"open {s_edu}", lockedMiB: 2).AssertAll(("done", "open"));
    }

    [SkippableFact]
    public void WithoutInterruptRemapping()
    {
        var guest = guests.Get(NoRemappingMachine.Machine);
        string address = GuestMachine.Address(NoRemappingMachine.Edu);
        guest.BindToVfio(address);
        var facts = ProbeFacts.Run(guest, $"open {address}");
        facts.AssertError(
            "VfioUnavailableException", "does not remap interrupts", "intremap=on", "allow_unsafe_interrupts");
        guest.Run(facts.Error.Split('\'')[^2].Replace("sudo ", "")).Succeeded();
        ProbeFacts.Run(guest, $"open {address}").AssertAll(("done", "open"));
    }
}
