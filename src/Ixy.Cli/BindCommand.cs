using System.CommandLine;
using System.Text.Json;
using Ixy.Cli.Output;
using Ixy.Setup;
using Ixy.Vfio;

namespace Ixy.Cli;

/// <summary>
/// <c>ixy bind ADDR</c> and <c>ixy unbind ADDR</c>: a card goes from the kernel to user space, and back.
/// </summary>
internal static class BindCommand
{
    internal static Command Create()
    {
        var address = CommonOptions.Address();
        var driver = CommonOptions.WithoutDefault<string>("--driver", "name", OperateTexts.Driver, text => text);
        driver.CompletionSources.Add(DriverBinding.VfioPci, DriverBinding.NoDriver);
        driver.DefaultValueFactory = _ => DriverBinding.VfioPci;
        var force = new Option<bool>("--force") { Description = OperateTexts.Force };
        var persist = new Option<bool>("--persist") { Description = OperateTexts.PersistBind };
        var json = CommonOptions.Json();
        var command = new Command("bind", OperateTexts.Bind) { address, driver, force, persist, json };
        command.SetAction(parsed =>
        {
            var card = parsed.GetValue(address);
            string wanted = parsed.GetValue(driver)!;
            var result = DriverBinding.Bind(card, wanted, parsed.GetValue(force));
            if (parsed.GetValue(persist))
                ChangeAtStartUp(card, result, () => DriverBinding.BindAtStartUp(card, wanted));
            Print(new(command.Name, card, result), parsed.GetValue(json));
        });
        return command;
    }

    internal static Command CreateUnbind()
    {
        var address = CommonOptions.Address();
        var force = new Option<bool>("--force") { Description = OperateTexts.Force };
        var persist = new Option<bool>("--persist") { Description = OperateTexts.PersistUnbind };
        var json = CommonOptions.Json();
        var command = new Command("unbind", OperateTexts.Unbind) { address, force, persist, json };
        command.SetAction(parsed =>
        {
            var card = parsed.GetValue(address);
            bool isForced = parsed.GetValue(force);
            var result = parsed.GetValue(persist) ? UnbindForGood(card, isForced)
                : DriverBinding.Unbind(card, isForced);
            Print(new(command.Name, card, result), parsed.GetValue(json));
        });
        return command;
    }

    // By then the card's driver has been changed: report that even if this fails.
    private static void ChangeAtStartUp(PciAddress card, DriverBindingResult now, Action change)
    {
        try
        {
            change();
        }
        catch (PciDeviceException error)
        {
            throw new PciDeviceException($"{card} is bound to {NameOf(now.After)} now, but {error.Message}", error);
        }
    }

    // The setting is also removed for a card that is in use or no longer there. Null: it is no longer there.
    private static DriverBindingResult? UnbindForGood(PciAddress card, bool force)
    {
        DriverBindingResult result;
        try
        {
            result = DriverBinding.Unbind(card, force);
        }
        catch (PciDeviceException error)
        {
            if (!DriverBinding.ForgetAtStartUp(card)) throw;
            if (error is DeviceNotFoundException) return null;
            throw new PciDeviceException($"{error.Message}; it is forgotten for the next start", error);
        }
        ChangeAtStartUp(card, result, () => DriverBinding.ForgetAtStartUp(card));
        return result;
    }

    private static void Print(Outcome outcome, bool json)
    {
        foreach (string warning in outcome.Warnings) Console.Error.WriteLine($"ixy: {warning}");
        if (json) Console.Out.WriteLine(ToJson(outcome));
        else foreach (string line in Lines(outcome)) Console.Out.WriteLine(line);
        if (!json && outcome.AtStart is { } driver)
            Console.Out.WriteLine(AtStart(outcome.Address, outcome.Result?.After, driver));
    }

    // A card that is bound differently now would come as a surprise.
    private static string AtStart(PciAddress address, string? now, string driver) =>
        driver == (now ?? DriverBinding.NoDriver)
            ? $"after a restart it is bound to {NameOf(now)}, too; '{Unbind(address)} --persist' undoes both"
            : $"after a restart it is bound to {NameOf(driver)} again; '{Unbind(address)} --persist' ends that";

    private static string Unbind(PciAddress address) => $"sudo {IxyCommand.Name} unbind {address}";

    private static string NameOf(string? driver) =>
        driver is null or DriverBinding.NoDriver ? "no driver" : driver;

    private static IEnumerable<string> Lines(Outcome outcome)
    {
        var (command, address, found) = outcome;
        if (found is not { } result)
        {
            yield return $"{address} has no card; it gets no driver at the start of the machine any more";
            yield break;
        }
        if (result.LoadedModules.Count > 0)
            yield return $"loaded into the kernel: {string.Join(", ", result.LoadedModules)}";
        string after = NameOf(result.After), before = NameOf(result.Before);
        yield return result.Changed ? $"{address} is bound to {after} now, before to {before}"
            : $"{address} is bound to {after}, as it was";
        if (!result.Changed || command != "bind") yield break;
        if (result is { After: DriverBinding.VfioPci, IommuGroup: { } group })
            yield return $"'sudo chown $USER /dev/vfio/{group}' lets you drive it without root";
        yield return $"'{Unbind(address)}' gives it back to {before}";
    }

    private static string ToJson(Outcome outcome) => JsonSerializer.Serialize(
        new(outcome.Command, $"{outcome.Address}", outcome.Result?.Before, outcome.Result?.After,
            outcome.Result is { Changed: true }, outcome.AtStart, outcome.Result?.IommuGroup,
            outcome.Result?.LoadedModules ?? [], outcome.Warnings),
        OperateJsonContext.Default.BindingJson);

    // No result if there is no card.
    private sealed record Outcome(string Command, PciAddress Address, DriverBindingResult? Result)
    {
        internal IReadOnlyList<string> Warnings =>
            [.. Result?.Warnings ?? [], .. AtStart is null ? [] : Keeper.OfDrivers.WarningsFor($"{Address}")];

        // Its driver at start-up.
        internal string? AtStart { get; } = DriverBinding.FindAtStartUp(Address);
    }
}
