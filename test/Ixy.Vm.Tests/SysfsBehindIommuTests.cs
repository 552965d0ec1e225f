using System.Text.Json;

namespace Ixy.Vm.Tests;

/// <summary>
/// The sysfs transport uses physical addresses: behind an IOMMU that translates they lead nowhere, and it says so.
/// </summary>
[Collection(GuestCollection.Name)]
public sealed class SysfsBehindIommuTests(GuestPool guests)
{
    private const int HugePages = 16, Packets = 1_000;
    private static readonly string s_first = GuestMachine.Address(IommuMachine.Virtio),
        s_second = GuestMachine.Address(IommuMachine.Virtio + 1);

    [SkippableFact]
    public void WhatAnIommuTranslatesIsRefusedByEveryCommand()
    {
        var guest = GuestWithFreeCards();
        string type = guest.Run($"cat /sys/bus/pci/devices/{s_first}/iommu_group/type").Succeeded().Trim();
        Assert.Contains(type, new[] { "DMA", "DMA-FQ" });
        string[] commands =
        [
            $"fwd {s_first} {s_second} --duration 1s", $"pktgen {s_first} --duration 1s",
            $"pcap {s_first} /tmp/none.pcapng --duration 1s",
        ];
        foreach (string command in commands)
        {
            var result = guest.Run($"ixy {command}");
            Assert.Equal((1, ""), (result.ExitCode, result.Output));
            string line = Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            Assert.Matches(
                $@"^ixy: {s_first} is behind an IOMMU that translates \(the type of its group \d+ is {type}\)", line);
            Assert.Contains($"'sudo ixy bind {s_first}'", line);
            Assert.Contains("iommu=pt", line);
        }
        guest.SetHugePages(0);
    }

    [SkippableFact]
    public void ListAndBindSayItBefore()
    {
        var guest = GuestWithFreeCards();
        var card = JsonDocument.Parse(guest.Run("ixy list --json").Succeeded()).RootElement.GetProperty("devices")
            .EnumerateArray()
            .Single(found => found.GetProperty("address").GetString() == s_first);
        Assert.StartsWith("DMA", card.GetProperty("iommuType").GetString());
        guest.BindToVfio(s_first);
        var bound = guest.Run($"ixy bind {s_first} --driver none");
        Assert.Equal(0, bound.ExitCode);
        Assert.Contains($"{s_first} is bound to no driver now, before to vfio-pci", bound.Output);
        Assert.Contains($"ixy: {s_first} is behind an IOMMU that translates", bound.Error);
        guest.Run($"ixy unbind {s_first}").Succeeded();
    }

    // Neither legacy virtio nor a device without VIRTIO_F_ACCESS_PLATFORM uses the IOMMU: sysfs is the way to drive
    // them.
    [SkippableFact]
    public void WhoGoesAroundTheIommuIsDriven()
    {
        var guest = GuestWithFreeCards();
        foreach (int device in (int[])[IommuMachine.Legacy, IommuMachine.PastIommu])
        {
            string card = GuestMachine.Address(device);
            guest.Unbind(card);
            var port = guest.Port(device);
            port.Drain();
            using var pktgen = guest.Start($"ixy pktgen {card} --count {Packets} --rate 5kpps --json");
            TestPackets.ReceiveAll(port, pktgen, Packets, size: 60);
        }
        guest.SetHugePages(0);
    }

    private Guest GuestWithFreeCards()
    {
        var guest = guests.Get(IommuMachine.Machine);
        guest.Unbind(s_first);
        guest.Unbind(s_second);
        guest.SetHugePages(HugePages);
        return guest;
    }
}
