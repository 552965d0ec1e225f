using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Ixy.Cli.Output;
using Ixy.Setup;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary><c>ixy hugepages</c>: shows and reserves the memory that cards without an IOMMU need.</summary>
internal static class HugePagesCommand
{
    private static readonly PageLength s_short = new(2L << 20), s_long = new(1L << 30);

    internal static Command Create()
    {
        var reserve = CommonOptions.WithoutDefault<int?>(
            "--reserve", "pages", OperateTexts.Reserve, text => Number(text, "number of pages"));
        var size = CommonOptions.WithoutDefault("--size", "2M|1G", OperateTexts.PageSize, ParseSize);
        size.CompletionSources.Add($"{s_short}", $"{s_long}");
        size.DefaultValueFactory = _ => s_short;
        var node = CommonOptions.WithoutDefault<int?>(
            "--node", "node", OperateTexts.Node, text => Number(text, "memory node"));
        var persist = new Option<bool>("--persist") { Description = OperateTexts.PersistPages };
        var json = CommonOptions.Json();
        var command = new Command("hugepages", OperateTexts.HugePages) { reserve, size, node, persist, json };
        command.Validators.Add(result =>
        {
            if (result.GetResult(reserve) is not null) return;
            if (result.GetResult(size) is { Implicit: false } || result.GetResult(node) is not null)
                result.AddError("--size and --node say where to reserve pages: expected --reserve as well");
            if (result.GetValue(persist))
                result.AddError("--persist keeps a reservation: expected --reserve as well");
        });
        command.SetAction(parsed =>
        {
            var reservation = parsed.GetValue(reserve) is { } count
                ? Reserve(count, parsed.GetValue(size).Bytes, parsed.GetValue(node), parsed.GetValue(persist)) : null;
            if (parsed.GetValue(json)) Console.Out.WriteLine(ToJson(reservation));
            else Print(new Screen(Console.Out, Console.IsOutputRedirected), reservation);
            if (reservation is { AtStart: not null })
                foreach (string warning in Keeper.OfPages.WarningsFor("huge pages"))
                    Console.Error.WriteLine($"ixy: {warning}");
            return Judge(reservation);
        });
        return command;
    }

    private static ReservationJson Reserve(int count, long pageLength, int? node, bool persist)
    {
        // The reservation on a node that is gone can still be removed.
        bool forgets = persist && count == 0 && HugePages.FindAtStartUp(pageLength, node) is not null;
        if (forgets) HugePages.ReserveAtStartUp(count, pageLength, node);
        int reserved = ReserveNow(count, pageLength, node, forgets);
        // However many there are now: after a reboot there is more contiguous memory.
        if (persist && count > 0) Note(count, pageLength, node, reserved);
        return new(pageLength, node, count, reserved, HugePages.FindAtStartUp(pageLength, node));
    }

    private static int ReserveNow(int count, long pageLength, int? node, bool isForgotten)
    {
        try
        {
            return HugePages.Reserve(count, pageLength, node);
        }
        catch (DmaMemoryException error) when (isForgotten)
        {
            throw new DmaMemoryException($"{error.Message}; what was noted for the next start is forgotten");
        }
    }

    private static void Note(int count, long pageLength, int? node, int reserved)
    {
        try
        {
            HugePages.ReserveAtStartUp(count, pageLength, node);
        }
        catch (DmaMemoryException error)
        {
            throw new DmaMemoryException(
                $"{reserved:N0} of {Size(pageLength)} are reserved{On(node)} now, but {error.Message}");
        }
    }

    private static void Print(Screen screen, ReservationJson? reservation)
    {
        screen.WriteTable(
            ["page size", "NUMA node", "reserved", "free"],
            [.. HugePages.Pools()
                .Select(pool =>
                new[] { Size(pool.PageLength), $"{pool.Node?.ToString(CultureInfo.InvariantCulture) ?? "-"}",
                $"{pool.Total:N0}", $"{pool.Free:N0}" })]);
        foreach (var mount in HugePages.Mounts()) screen.WriteLine($"hugetlbfs at {mount.Directory} ({mount.Options})");
        if (reservation is { Reserved: var reserved, Wanted: var wanted } && reserved == wanted)
            screen.WriteLine(
                $"{reserved:N0} of {Size(reservation.PageBytes)} are reserved{On(reservation.Node)}"
                + AfterRestart(wanted, reservation.AtStart));
    }

    private static string AfterRestart(int wanted, int? atStart) =>
        atStart is { } count
            ? count == wanted ? "; so they will be after a restart" : $"; after a restart, {count:N0} will be"
            : wanted == 0 ? "" : "; --persist keeps them after a restart";

    // Standard error, so that it is visible with --json as well.
    private static int Judge(ReservationJson? reservation)
    {
        if (reservation is null || reservation.Reserved == reservation.Wanted) return 0;
        string found =
            $"ixy: of {reservation.Wanted:N0} pages of {Size(reservation.PageBytes)} the kernel "
            + $"has{On(reservation.Node)} {reservation.Reserved:N0}: ";
        bool isShort = reservation.Reserved < reservation.Wanted;
        string reason = isShort
            ? "it finds no more memory in one piece; end programs that use much memory and repeat this, or reserve "
            + "them at boot, with " +
                $"hugepagesz={new PageLength(reservation.PageBytes)} hugepages={reservation.Wanted} on the kernel's "
                + "command line"
            : "so many are in use, and go when the programs that use them end";
        string noted = reservation.AtStart is { } count ? $"; after a restart, {count:N0} are asked for" : "";
        Console.Error.WriteLine(found + reason + noted);
        return isShort ? 1 : 0;
    }

    private static string ToJson(ReservationJson? reservation) => JsonSerializer.Serialize(
        new("hugepages",
            [.. HugePages.Pools().Select(pool => new PoolJson(pool.PageLength, pool.Node, pool.Total, pool.Free))],
            [.. HugePages.Mounts().Select(mount => new MountJson(mount.Directory, mount.Options))], reservation),
        OperateJsonContext.Default.HugePagesJson);

    private static int Number(string text, string what) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new ArgumentException($"'{text}' is not a {what}: expected 0 or more");

    private static PageLength ParseSize(string text) => text switch
    {
        "2M" => s_short,
        "1G" => s_long,
        _ => throw new ArgumentException($"'{text}' is not a length of huge pages: expected 2M or 1G"),
    };

    private static string Size(long bytes) =>
        bytes >= s_long.Bytes ? $"{bytes >> 30} GiB" : bytes >= 1 << 20 ? $"{bytes >> 20} MiB" : $"{bytes >> 10} KiB";

    private static string On(int? node) => node is null ? "" : $" on node {node}";

    /// <summary>The size of a huge page. Its text is the form used on the command line and by the kernel.</summary>
    private readonly record struct PageLength(long Bytes)
    {
        public override string ToString() => Bytes == s_long.Bytes ? "1G" : "2M";
    }
}
