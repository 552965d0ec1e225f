using System.CommandLine;
using System.Text.Json;
using Ixy.Cli.Output;
using Ixy.Setup;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary><c>ixy list</c>: every network card, what uses it, and whether ixy can have it.</summary>
internal static class ListCommand
{
    private const string Nothing = "-";

    private static readonly string[] s_headers =
        ["address", "card", "driver", "interface", "IOMMU", "NUMA", "ixy driver", "in use"];

    internal static Command Create()
    {
        var json = CommonOptions.Json();
        var command = new Command("list", OperateTexts.List) { json };
        command.SetAction(parsed =>
        {
            var warnings = new List<string>();
            return Print(NetworkController.FindAll(warnings.Add), warnings, parsed.GetValue(json));
        });
        return command;
    }

    private static int Print(IReadOnlyList<NetworkController> cards, IReadOnlyList<string> warnings, bool json)
    {
        foreach (string warning in warnings) Console.Error.WriteLine($"ixy: {warning}");
        if (json) Console.Out.WriteLine(
            JsonSerializer.Serialize(
                new("list", [.. cards.Select(ToJson)], warnings), OperateJsonContext.Default.ListJson));
        else PrintTable(cards, new Screen(Console.Out, Console.IsOutputRedirected));
        return 0;
    }

    private static void PrintTable(IReadOnlyList<NetworkController> cards, Screen screen)
    {
        if (cards.Count == 0)
        {
            screen.WriteLine(
                "this machine has no network card on its PCI bus; "
                + $"'{IxyCommand.Name} fwd --help' names simulated ones");
            return;
        }
        screen.WriteList(s_headers, [.. cards.Select(Cells)]);
        // A user-space driver leaves no other trace.
        if (!Environment.IsPrivilegedProcess && cards.Any(card => card.Use is null && card.Interfaces.Count == 0))
            screen.WriteLine("processes of other users that drive a card are only seen by root");
    }

    private static string[] Cells(NetworkController card) =>
    [
        $"{card.Address}",
        card.Name ?? $"{card.VendorId:x4}:{card.DeviceId:x4}",
        card.Driver ?? Nothing,
        card.Interfaces.Count == 0 ? Nothing
        : string.Join(", ", card.Interfaces.Select(network => $"{network.Name} {network.HardwareAddress}".TrimEnd())),
        card.IommuGroup is { } group ? $"{group} {card.IommuType}".TrimEnd() : Nothing,
        card.NumaNode is { } node ? $"{node}" : Nothing,
        NetworkDevice.FindDriver(card.VendorId, card.DeviceId) ?? Nothing,
        card.Use ?? Nothing,
    ];

    private static CardJson ToJson(NetworkController card) => new(
        $"{card.Address}", $"{card.VendorId:x4}", $"{card.DeviceId:x4}", card.Name, card.Driver,
        [.. card.Interfaces.Select(network => new InterfaceJson(network.Name, network.HardwareAddress))],
        card.IommuGroup, card.IommuType, card.NumaNode, NetworkDevice.FindDriver(card.VendorId, card.DeviceId),
        card.Use is not null, card.Use);
}
