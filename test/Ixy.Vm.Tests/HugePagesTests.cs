using System.Text.Json;
using Ixy.Cli.Tests.Output;

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
        Assert.Contains("8 of 2 MiB are reserved; --persist keeps them after a restart", output);
        Assert.Equal("8\n", guest.Run("cat /proc/sys/vm/nr_hugepages").Succeeded());

        var report = Json(
            guest.Run("mkdir -p /run/huge && mount -t hugetlbfs none /run/huge && ixy hugepages --reserve 12 --node 0 "
            + "--json; umount /run/huge"));
        var reservation = report.GetProperty("reservation");
        Assert.Equal(
            (Short, 0, 12, 12),
            (Number(reservation, "pageBytes"), Number(reservation, "node"), Number(reservation, "wanted"),
            Number(reservation, "reserved")));
        Assert.Equal((12, 12), PoolOf(report, Short));
        Assert.Contains(
            report.GetProperty("mounts").EnumerateArray(), mount =>
            mount.GetProperty("directory").GetString() == "/run/huge");

        var kept = guest.Run("ixy hugepages --reserve 8 --persist");
        Assert.Contains("8 of 2 MiB are reserved; so they will be after a restart", kept.Succeeded());
        // The guest does not run systemd.
        Assert.Equal(
            "ixy: this machine has no systemd-tmpfiles: without systemd, what is noted for huge pages changes nothing "
            + "at the start of the machine\n", kept.Error);
        Assert.Contains(
            "4 of 2 MiB are reserved; after a restart, 8 will be", guest.Run("ixy hugepages --reserve 4").Succeeded());
        Assert.Equal(
            "w! /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages - - - - 8\n",
            guest.Run("grep -v '^#' /etc/tmpfiles.d/ixy-hugepages.conf").Succeeded());
        guest.Run("ixy hugepages --reserve 0 --persist && [ ! -e /etc/tmpfiles.d/ixy-hugepages.conf ]").Succeeded();
        guest.Run("ixy hugepages --reserve 0").Succeeded();

        // A memory node that was removed is forgotten, too.
        const string Line = "w! /sys/devices/system/node/node7/hugepages/hugepages-2048kB/nr_hugepages - - - - 8";
        var gone = guest.Run($"echo '{Line}' > /etc/tmpfiles.d/ixy-hugepages.conf; ixy hugepages --reserve 0 --node 7 "
            + "--persist");
        Assert.Contains("memory node 7 has no huge pages of 2 MiB", gone.Error);
        Assert.EndsWith("; what was noted for the next start is forgotten\n", gone.Error);
        guest.Run("[ ! -e /etc/tmpfiles.d/ixy-hugepages.conf ]").Succeeded();
        Assert.Equal((0, 0), PoolOf(Json(guest.Run("su user -c 'ixy hugepages --json'")), Short));
    }

    [SkippableFact]
    public void MoreThanTheMachineCanSpareIsNotAskedOfTheKernel()
    {
        var guest = guests.Get(s_bare);
        var result = guest.Run("ixy hugepages --reserve 100000; cat /proc/sys/vm/nr_hugepages");
        Assert.Equal("0\n", result.Output);
        Assert.Matches(@"^ixy: 100000 more huge pages of 2 MiB would take 200000 MiB, and \d+ MiB are available: expected at most \d+ pages in all\n$", result.Error);
    }

    // The card's process maps the driver's pages whole, and releases them whole when the driver goes.
    [SkippableFact]
    public void ACardInAnotherProcessReachesThem()
    {
        const int Packets = 2000;
        var guest = guests.Get(s_bare);
        var result = guest.Run($"""
            ixy hugepages --reserve 64 > /dev/null
            ixy sim ixgbe --socket /tmp/card --wire loopback > /dev/null 2>&1 &
            card=$!
            until [ -S /tmp/card ]; do sleep 0.1; done
            ixy pktgen vfio-user:/tmp/card --rate 1kpps --count {Packets} --json 2> /dev/null > /tmp/report &
            driver=$!
            until [ -n "$pages" ] || ! kill -0 $driver; do sleep 0.1; pages=$(grep -o 'KernelPageSize: *2048 kB' /proc/$card/smaps); done
            wait $driver || cat /tmp/report >&2
            tail -n 1 /tmp/report
            grep HugePages_Free /proc/meminfo
            [ -n "$pages" ] && echo mapped
            kill $card; wait $card
            ixy hugepages --reserve 0 > /dev/null
            """);
        string[] lines = result.Output.TrimEnd('\n').Split('\n');
        Assert.True(lines.Length == 3, result.ToString());
        var device = JsonDocument.Parse(lines[0]).RootElement.GetProperty("devices")[0];
        Assert.Equal((Packets, Packets), (Number(device, "txPackets"), Number(device, "rxPackets")));
        Assert.Matches("^HugePages_Free: +64$", lines[1]);
        Assert.Equal("mapped", lines[2]);
    }

    [SkippableFact]
    public void FewerThanAskedForIsSaid()
    {
        var guest = guests.Get(LongPagesMachine.Machine);
        // Of the five GiB, the first holds the kernel, and the last its page list: neither ever becomes free as a
        // whole.
        var result = guest.Run("ixy hugepages --reserve 4 --size 1G --persist --json");
        Assert.True(result.ExitCode == 1, result.ToString());
        var reservation = JsonSchemas.Checked(result.Output).GetProperty("reservation");
        long reserved = Number(reservation, "reserved");
        Assert.Equal((Long, 4), (Number(reservation, "pageBytes"), Number(reservation, "wanted")));
        Assert.InRange(reserved, 1, 3);
        Assert.Equal(
            $"ixy: of 4 pages of 1 GiB the kernel has {reserved}: it finds no more memory in one piece; end programs "
            + "that use much memory and repeat " +
            "this, or reserve them at boot, with hugepagesz=1G hugepages=4 on the kernel's command line; after a "
            + "restart, 4 are asked for\n",
            result.Error[(result.Error.IndexOf('\n') + 1)..]);
        guest.Run("rm /etc/tmpfiles.d/ixy-hugepages.conf").Succeeded();
        Assert.Contains("1 of 1 GiB are reserved", guest.Run("ixy hugepages --reserve 1 --size 1G").Succeeded());
    }

    [SkippableFact]
    public void PagesInUseStayUntilTheirOwnerEnds()
    {
        var guest = guests.Get(LongPagesMachine.Machine);
        try
        {
            // It only receives: nobody reads what the card sends, and a ring that does not drain would be an error.
            using var owner = guest.Start(
                $"exec ixy pcap {GuestMachine.Address(LongPagesMachine.Legacy)} /tmp/out.pcapng");
            owner.WaitFor("     1  0000:");
            var result = guest.Run("ixy hugepages --reserve 0 --size 1G");
            Assert.Equal(0, result.ExitCode);
            Assert.Equal(
                "ixy: of 0 pages of 1 GiB the kernel has 1: so many are in use, and go when the programs that use them "
                + "end\n", result.Error);
            Assert.Matches(@"(?m)^1 GiB +0 +1 +0$", result.Output);
            owner.Signal("INT");
            owner.Wait().Succeeded();
        }
        finally
        {
            guests.End(guest); // the page cannot be reserved again
        }
    }

    private static JsonElement Json(CommandResult result) => JsonSchemas.Checked(result.Succeeded());

    private static (long Reserved, long Free) PoolOf(JsonElement report, long pageBytes)
    {
        var pool = report.GetProperty("pools").EnumerateArray().Single(pool => Number(pool, "pageBytes") == pageBytes);
        return (Number(pool, "reserved"), Number(pool, "free"));
    }

    private static long Number(JsonElement element, string name) => element.GetProperty(name).GetInt64();
}
