using System.Text.Json;

namespace Ixy.Vm.Tests;

/// <summary><c>ixy hugepages</c> on a real kernel.</summary>
[Collection(GuestCollection.Name)]
public sealed class HugePagesTests(GuestPool guests)
{
    private const int Short = 2 << 20, Long = 1 << 30;
    private static readonly GuestMachine s_bare = new("nothing but a processor");

    [SkippableFact]
    public void PagesAreReservedShownAndGivenBack()
    {
        var guest = guests.Get(s_bare);
        string output = guest.Run("ixy hugepages --reserve 8").Succeeded();
        Assert.Matches(@"(?m)^2 MiB +0 +8 +8$", output);
        Assert.Contains("8 of 2 MiB are reserved; a restart forgets that", output);
        Assert.Equal("8\n", guest.Run("cat /proc/sys/vm/nr_hugepages").Succeeded());

        var report = Json(guest.Run("mkdir -p /run/huge && mount -t hugetlbfs none /run/huge && ixy hugepages --reserve 12 --node 0 --json; umount /run/huge"));
        var reservation = report.GetProperty("reservation");
        Assert.Equal((Short, 0, 12, 12), (Number(reservation, "pageBytes"), Number(reservation, "node"), Number(reservation, "wanted"), Number(reservation, "reserved")));
        Assert.Equal((12, 12), PoolOf(report, Short));
        Assert.Contains(report.GetProperty("mounts").EnumerateArray(), mount => mount.GetProperty("directory").GetString() == "/run/huge");

        guest.Run("ixy hugepages --reserve 0").Succeeded();
        Assert.Equal((0, 0), PoolOf(Json(guest.Run("su user -c 'ixy hugepages --json'")), Short));
    }

    [SkippableTheory]
    [InlineData("--reserve 100000", Short, 100_000)]
    [InlineData("--reserve 3 --size 1G", Long, 3)]
    public void WhatTheKernelCannotFindIsSaid(string options, int pageBytes, int wanted)
    {
        var guest = guests.Get(s_bare);
        var result = guest.Run($"ixy hugepages {options} --json");
        Assert.Equal(1, result.ExitCode);
        var reservation = JsonDocument.Parse(result.Output).RootElement.GetProperty("reservation");
        long reserved = Number(reservation, "reserved");
        Assert.Equal((pageBytes, wanted), (Number(reservation, "pageBytes"), Number(reservation, "wanted")));
        Assert.InRange(reserved, 0, wanted - 1);
        Assert.Matches(@$"^ixy: of {wanted:N0} pages of \d [MG]iB the kernel has {reserved:N0}: it finds no more memory in one piece.*hugepages={wanted}.*\n$", result.Error);
        guest.Run("ixy hugepages --reserve 0; ixy hugepages --reserve 0 --size 1G").Succeeded();
    }

    [SkippableFact]
    public void PagesInUseStayUntilTheirOwnerEnds()
    {
        var guest = guests.Get(LongPagesMachine.Machine);
        using var owner = guest.Start($"exec ixy pktgen {GuestMachine.Address(LongPagesMachine.Legacy)} --rate 1kpps");
        owner.WaitFor("TX Mpps");
        var result = guest.Run("ixy hugepages --reserve 0 --size 1G");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("ixy: of 0 pages of 1 GiB the kernel has 1: so many are in use, and go when the programs that use them end\n", result.Error);
        Assert.Matches(@"(?m)^1 GiB +0 +1 +0$", result.Output);
        owner.Signal("INT");
        owner.Wait().Succeeded();
        guests.End(guest); // it cannot be set aside again
    }

    private static JsonElement Json(CommandResult result) => JsonDocument.Parse(result.Succeeded()).RootElement;

    private static (long Reserved, long Free) PoolOf(JsonElement report, long pageBytes)
    {
        var pool = report.GetProperty("pools").EnumerateArray().Single(pool => Number(pool, "pageBytes") == pageBytes);
        return (Number(pool, "reserved"), Number(pool, "free"));
    }

    private static long Number(JsonElement element, string name) => element.GetProperty(name).GetInt64();
}
